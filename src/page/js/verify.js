// How a receiver verifies a signature, in seven languages: short forms of the files in packaging/snippets, which are
// tested there. The key is never in the code: it is read from RINGHOOK_KEY.

/** @typedef {{name: string, sha1: (encoding: string) => string, standard: string}} Language */

/** @type {Record<string, Language>} */
export const LANGUAGES = {
  php: {
    name: 'PHP',
    sha1: (encoding) => `$body = file_get_contents('php://input');   // raw bytes, before any parsing
$key = getenv('RINGHOOK_KEY');
$want = ${encoding === 'hex' ? "hash_hmac('sha1', $body, $key)" : "base64_encode(hash_hmac('sha1', $body, $key, true))"};
$got = $_SERVER['HTTP_X_CALLTRACKING_SIGNATURE'] ?? '';
if (!hash_equals($want, $got)) {
    http_response_code(401);
    exit;
}`,
    standard: `$body = file_get_contents('php://input');   // raw bytes, before any parsing
$secret = base64_decode(preg_replace('/^whsec_/', '', getenv('RINGHOOK_KEY')));
$id = $_SERVER['HTTP_WEBHOOK_ID'] ?? '';
$ts = $_SERVER['HTTP_WEBHOOK_TIMESTAMP'] ?? '';
$want = 'v1,' . base64_encode(hash_hmac('sha256', "$id.$ts.$body", $secret, true));
$ok = false;
foreach (explode(' ', $_SERVER['HTTP_WEBHOOK_SIGNATURE'] ?? '') as $sig) {
    $ok = hash_equals($want, $sig) || $ok;
}
if (!$ok || abs(time() - (int) $ts) > 300) {
    http_response_code(401);
    exit;
}`,
  },
  node: {
    name: 'Node',
    sha1: (encoding) => `const { createHmac, timingSafeEqual } = require('node:crypto');

// body: Buffer with the raw bytes (express.raw({ type: '*/*' }), not express.json())
function verify(body, headers) {
  const want = createHmac('sha1', process.env.RINGHOOK_KEY).update(body).digest('${encoding}');
  const got = Buffer.from(headers['x-calltracking-signature'] ?? '');
  return got.length === want.length && timingSafeEqual(Buffer.from(want), got);
}`,
    standard: `const { createHmac, timingSafeEqual } = require('node:crypto');

// body: Buffer with the raw bytes (express.raw({ type: '*/*' }), not express.json())
function verify(body, headers) {
  const id = headers['webhook-id'], ts = headers['webhook-timestamp'];
  if (!/^\\d+$/.test(ts ?? '') || Math.abs(Date.now() / 1000 - Number(ts)) > 300) return false;
  const secret = Buffer.from(process.env.RINGHOOK_KEY.replace(/^whsec_/, ''), 'base64');
  const mac = createHmac('sha256', secret).update(\`\${id}.\${ts}.\`).update(body).digest('base64');
  const want = Buffer.from(\`v1,\${mac}\`);
  return (headers['webhook-signature'] ?? '').split(' ').map((sig) => Buffer.from(sig))
    .some((sig) => sig.length === want.length && timingSafeEqual(sig, want));
}`,
  },
  python: {
    name: 'Python',
    sha1: (encoding) => `import ${encoding === 'hex' ? '' : 'base64, '}hashlib, hmac, os

def verify(body: bytes, headers) -> bool:      # body: the raw bytes
    mac = hmac.new(os.environ["RINGHOOK_KEY"].encode(), body, hashlib.sha1)
    want = ${encoding === 'hex' ? 'mac.hexdigest()' : 'base64.b64encode(mac.digest()).decode()'}
    got = headers.get("X-CALLTRACKING-SIGNATURE", "")
    return hmac.compare_digest(want.encode(), got.encode())`,
    standard: `import base64, hashlib, hmac, os, time

def verify(body: bytes, headers) -> bool:      # body: the raw bytes
    mid, ts = headers["webhook-id"], headers["webhook-timestamp"]
    if abs(time.time() - int(ts)) > 300:
        return False
    secret = base64.b64decode(os.environ["RINGHOOK_KEY"].removeprefix("whsec_"))
    mac = hmac.new(secret, f"{mid}.{ts}.".encode() + body, hashlib.sha256).digest()
    want = b"v1," + base64.b64encode(mac)
    return any([hmac.compare_digest(want, sig.encode())
                for sig in headers["webhook-signature"].split(" ")])`,
  },
  ruby: {
    name: 'Ruby',
    sha1: (encoding) => `require "openssl"${encoding === 'hex' ? '' : '\nrequire "base64"'}

# Rack or Rails: body = request.body.read (or request.raw_post), before params are parsed
def verify(body, got)
  want = ${encoding === 'hex' ? 'OpenSSL::HMAC.hexdigest("SHA1", ENV["RINGHOOK_KEY"], body)' : 'Base64.strict_encode64(OpenSSL::HMAC.digest("SHA1", ENV["RINGHOOK_KEY"], body))'}
  want.bytesize == got.to_s.bytesize && OpenSSL.fixed_length_secure_compare(want, got)
end`,
    standard: `require "openssl"
require "base64"

# Rack or Rails: body = request.body.read (or request.raw_post), before params are parsed
def verify(body, id, ts, signatures)
  return false if ts !~ /\\A\\d+\\z/ || (Time.now.to_i - ts.to_i).abs > 300
  secret = Base64.decode64(ENV["RINGHOOK_KEY"].delete_prefix("whsec_"))
  mac = OpenSSL::HMAC.digest("SHA256", secret, "#{id}.#{ts}.".b + body.b)
  want = "v1," + Base64.strict_encode64(mac)
  signatures.split(" ").any? do |sig|
    sig.bytesize == want.bytesize && OpenSSL.fixed_length_secure_compare(want, sig)
  end
end`,
  },
  go: {
    name: 'Go',
    sha1: (encoding) => `// body: the raw bytes, from io.ReadAll(r.Body)
func verify(body []byte, r *http.Request) bool {
	got, err := ${encoding === 'hex' ? 'hex.DecodeString' : 'base64.StdEncoding.DecodeString'}(r.Header.Get("X-CALLTRACKING-SIGNATURE"))
	if err != nil {
		return false
	}
	mac := hmac.New(sha1.New, []byte(os.Getenv("RINGHOOK_KEY")))
	mac.Write(body)
	return hmac.Equal(mac.Sum(nil), got)
}`,
    standard: `// body: the raw bytes, from io.ReadAll(r.Body)
func verify(body []byte, r *http.Request) bool {
	id, ts := r.Header.Get("webhook-id"), r.Header.Get("webhook-timestamp")
	sec, err := strconv.ParseInt(ts, 10, 64)
	if err != nil || time.Since(time.Unix(sec, 0)).Abs() > 5*time.Minute {
		return false
	}
	key := strings.TrimPrefix(os.Getenv("RINGHOOK_KEY"), "whsec_")
	secret, err := base64.StdEncoding.DecodeString(key)
	if err != nil {
		return false
	}
	mac := hmac.New(sha256.New, secret)
	fmt.Fprintf(mac, "%s.%s.%s", id, ts, body)
	want := "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
	for _, sig := range strings.Fields(r.Header.Get("webhook-signature")) {
		if hmac.Equal([]byte(want), []byte(sig)) {
			return true
		}
	}
	return false
}`,
  },
  java: {
    name: 'Java',
    sha1: (encoding) => `// body: the raw bytes, from request.getInputStream().readAllBytes()
static boolean verify(byte[] body, String got) throws GeneralSecurityException {
    Mac mac = Mac.getInstance("HmacSHA1");
    mac.init(new SecretKeySpec(System.getenv("RINGHOOK_KEY").getBytes(UTF_8), "HmacSHA1"));
    String want = ${encoding === 'hex' ? 'HexFormat.of().formatHex(mac.doFinal(body))' : 'Base64.getEncoder().encodeToString(mac.doFinal(body))'};
    return got != null && MessageDigest.isEqual(want.getBytes(UTF_8), got.getBytes(UTF_8));
}`,
    standard: `// body: the raw bytes, from request.getInputStream().readAllBytes()
static boolean verify(byte[] body, String id, String ts, String sigs) throws GeneralSecurityException {
    if (Math.abs(Instant.now().getEpochSecond() - Long.parseLong(ts)) > 300) return false;
    String key = System.getenv("RINGHOOK_KEY").replaceFirst("^whsec_", "");
    Mac mac = Mac.getInstance("HmacSHA256");
    mac.init(new SecretKeySpec(Base64.getDecoder().decode(key), "HmacSHA256"));
    mac.update((id + "." + ts + ".").getBytes(UTF_8));
    String want = "v1," + Base64.getEncoder().encodeToString(mac.doFinal(body));
    for (String sig : sigs.split(" "))
        if (MessageDigest.isEqual(want.getBytes(UTF_8), sig.getBytes(UTF_8))) return true;
    return false;
}`,
  },
  csharp: {
    name: 'C#',
    sha1: (encoding) => `// Request.EnableBuffering(); copy Request.Body to a byte[] before any model binding
static bool Verify(byte[] body, string? got)
{
    var key = Encoding.UTF8.GetBytes(Environment.GetEnvironmentVariable("RINGHOOK_KEY")!);
    var mac = HMACSHA1.HashData(key, body);
    var want = ${encoding === 'hex' ? 'Convert.ToHexString(mac).ToLowerInvariant()' : 'Convert.ToBase64String(mac)'};
    return CryptographicOperations.FixedTimeEquals(
        Encoding.ASCII.GetBytes(want), Encoding.ASCII.GetBytes(got ?? ""));
}`,
    standard: `// Request.EnableBuffering(); copy Request.Body to a byte[] before any model binding
static bool Verify(byte[] body, string id, string ts, string sigs)
{
    if (!long.TryParse(ts, out var t)
        || Math.Abs(DateTimeOffset.UtcNow.ToUnixTimeSeconds() - t) > 300) return false;
    var key = Environment.GetEnvironmentVariable("RINGHOOK_KEY")!;
    var secret = Convert.FromBase64String(key.StartsWith("whsec_") ? key[6..] : key);
    var signed = Encoding.UTF8.GetBytes($"{id}.{ts}.").Concat(body).ToArray();
    var want = "v1," + Convert.ToBase64String(HMACSHA256.HashData(secret, signed));
    return sigs.Split(' ').Any(sig => CryptographicOperations.FixedTimeEquals(
        Encoding.ASCII.GetBytes(want), Encoding.ASCII.GetBytes(sig)));
}`,
  },
};
