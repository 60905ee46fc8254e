//! The WebDriver protocol (W3C) as far as these tests need it, spoken to Debian's chromedriver.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;

/// What the protocol calls the key of an element's id.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// What the browser is started with: no window, no sandbox (the tests run as root in
/// containers), and nothing that asks the network of its own accord.
const FLAGS: [&str; 13] = [
    "--headless=new",
    "--no-sandbox",
    "--disable-dev-shm-usage",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--disable-quic",
    "--disable-extensions",
    "--force-prefers-reduced-motion",
    "--hide-scrollbars",
    "--window-size=1280,900",
];

/// A browser of its own, with a fresh profile. It ends when it is dropped.
pub struct Driver {
    child: Child,
    agent: ureq::Agent,
    session: String,
    _profile: TempDir,
}

/// An element of the page.
#[derive(Clone, Debug)]
pub struct Element(pub String);

impl Element {
    /// As an argument of a script.
    pub fn as_argument(&self) -> Value {
        json!({ELEMENT: self.0})
    }
}

/// A free port of IPv4 may be taken on IPv6 by another browser's driver: then it ends at once.
const STARTS_MAX: usize = 5;

/// A driver and its port; None when it ended before it had one.
fn chromedriver() -> Option<(Child, u16)> {
    let mut child = Command::new("chromedriver")
        .arg("--port=0")
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("chromedriver: tests/run installs it (chromium-driver)");
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let port = lines.by_ref().map_while(Result::ok).find_map(|line| {
        let (_, port) = line.split_once("started successfully on port ")?;
        port.trim_end_matches('.').parse().ok()
    });
    let Some(port) = port else {
        child.wait().unwrap();
        return None;
    };
    std::thread::spawn(move || lines.for_each(drop));
    Some((child, port))
}

impl Driver {
    /// Starts a browser whose user reads these languages, as `fr-FR,fr`.
    pub fn start(languages: &str) -> Self {
        let (child, port) = (0..STARTS_MAX)
            .find_map(|_| chromedriver())
            .expect("chromedriver says its port");
        let agent: ureq::Agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .proxy(None)
            .build()
            .into();
        let profile = TempDir::with_prefix("ringhook-browser").unwrap();
        let mut driver = Self {
            child,
            agent,
            session: format!("http://127.0.0.1:{port}/session"),
            _profile: profile,
        };
        let mut flags: Vec<_> = FLAGS.iter().map(|flag| (*flag).to_owned()).collect();
        flags.push(format!(
            "--user-data-dir={}",
            driver._profile.path().display()
        ));
        flags.push(format!("--accept-lang={languages}"));
        let made = driver.post(
            "",
            &json!({"capabilities": {"alwaysMatch": {
                "browserName": "chrome",
                "goog:chromeOptions": {
                    "args": flags,
                    "prefs": {"intl.accept_languages": languages},
                },
                "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"},
            }}}),
        );
        let id = made["sessionId"].as_str().expect("a session");
        driver.session = format!("{}/{id}", driver.session);
        driver
    }

    /// Loads an address.
    pub fn go(&self, url: &str) {
        self.post("/url", &json!({"url": url}));
    }

    /// Runs a function body in the page, with arguments; what it returns.
    pub fn script(&self, body: &str, arguments: &[Value]) -> Value {
        self.post("/execute/sync", &json!({"script": body, "args": arguments}))
    }

    /// The same for one that calls back with its last argument.
    pub fn script_later(&self, body: &str, arguments: &[Value]) -> Value {
        self.post(
            "/execute/async",
            &json!({"script": body, "args": arguments}),
        )
    }

    /// The same; the reason, where the page went meanwhile.
    pub fn try_script_later(&self, body: &str, arguments: &[Value]) -> Result<Value, String> {
        self.try_post(
            "/execute/async",
            &json!({"script": body, "args": arguments}),
        )
    }

    /// Runs one that returns an element or null.
    pub fn find(&self, body: &str, arguments: &[Value]) -> Option<Element> {
        let found = self.script(body, arguments);
        Some(Element(found[ELEMENT].as_str()?.to_owned()))
    }

    /// Clicks, as a mouse does: where the element can be seen, and only if nothing covers it.
    /// The reason, where that failed.
    pub fn click(&self, element: &Element) -> Result<(), String> {
        self.try_post(&format!("/element/{}/click", element.0), &json!({}))
            .map(drop)
    }

    /// Types, key by key.
    pub fn keys(&self, element: &Element, text: &str) {
        self.post(
            &format!("/element/{}/value", element.0),
            &json!({"text": text}),
        );
    }

    /// A command of the DevTools protocol.
    pub fn devtools(&self, command: &str, parameters: &Value) -> Value {
        self.post(
            "/goog/cdp/execute",
            &json!({"cmd": command, "params": parameters}),
        )
    }

    /// What a log holds since it was last read: `browser` or `performance`.
    pub fn log(&self, kind: &str) -> Vec<Value> {
        let entries = self.post("/se/log", &json!({"type": kind}));
        entries.as_array().cloned().unwrap_or_default()
    }

    fn post(&self, path: &str, body: &Value) -> Value {
        self.try_post(path, body)
            .unwrap_or_else(|message| panic!("{path}: {message}"))
    }

    fn try_post(&self, path: &str, body: &Value) -> Result<Value, String> {
        let mut answer = self
            .agent
            .post(format!("{}{path}", self.session))
            .header("content-type", "application/json")
            .send(body.to_string())
            .map_err(|error| error.to_string())?;
        let text = answer.body_mut().with_config().limit(64 << 20);
        let text = text.read_to_string().map_err(|error| error.to_string())?;
        let mut document: Value = serde_json::from_str(&text).unwrap_or_default();
        let value = document["value"].take();
        match value.get("error") {
            Some(error) => Err(format!("{error}: {}", value["message"])),
            None => Ok(value),
        }
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        // The browser goes with its session; a driver that is gone already took it along.
        let _ = self.agent.delete(&self.session).call();
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
