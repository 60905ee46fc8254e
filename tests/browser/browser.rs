//! A person at the page: finds what is on the screen by its words, clicks, types and reads.
//!
//! Every step waits until what it needs is there. At the end of a visit nothing may have gone
//! wrong unseen: no error in the console, no violation of the policy, no request elsewhere.

use std::time::Instant;

use serde_json::{Value, json};

use crate::driver::{Driver, Element};
use crate::support::daemon::Daemon;
use crate::support::{PATIENCE, until};
use crate::words::{Language, Words};

/// Finds visible elements by role and name, in the topmost dialog where one is open.
const FINDER: &str = include_str!("finder.js");

/// Asks every 30 ms for a second; what throws is not true yet.
const WAIT: &str = "
    const done = arguments[arguments.length - 1];
    const given = [...arguments].slice(0, -1);
    function probe() { BODY }
    const until = Date.now() + 1000;
    (function look() {
      let is = false;
      try { is = probe(...given) === true; } catch {}
      if (is || Date.now() > until) done(is); else setTimeout(look, 30);
    })();";

/// A browser on the page of a daemon.
pub struct Browser {
    driver: Driver,
    origin: String,
    /// The words of the page.
    pub words: Words,
    /// Statuses of the API that this visit provokes on purpose.
    expected: Vec<u16>,
}

impl Browser {
    /// A browser of somebody who reads this language; nothing is loaded yet.
    pub fn start(daemon: &Daemon, language: Language) -> Self {
        Self {
            driver: Driver::start(language.accepted()),
            origin: format!("http://{}", daemon.address),
            words: Words::of(language),
            expected: Vec::new(),
        }
    }

    /// The same, signed in by a link of `ringhook open`.
    pub fn signed_in(daemon: &Daemon, language: Language) -> Self {
        let browser = Self::start(daemon, language);
        let made = daemon.api("POST", "/v1/session/code", None).expect(201);
        browser.driver.go(made.json()["url"].as_str().unwrap());
        browser.await_heading(&browser.words.t("nav.overview"));
        browser
    }

    /// The words of a key.
    pub fn t(&self, key: &str) -> String {
        self.words.t(key)
    }

    /// This visit provokes answers of the API with this status.
    pub fn expect_status(&mut self, status: u16) {
        self.expected.push(status);
    }

    /// Goes to an address of the page, as `#/tokens`. The page is loaded anew.
    pub fn open(&self, hash: &str) {
        self.driver.go("about:blank");
        self.driver.go(&format!("{}/{hash}", self.origin));
    }

    /// Loads a whole link.
    pub fn load(&self, url: &str) {
        self.driver.go(url);
    }

    /// Goes there without loading the page anew, as a link does.
    pub fn visit(&self, hash: &str) {
        self.script("location.hash = arguments[0]", &[json!(hash)]);
    }

    /// The address behind `#`.
    pub fn hash(&self) -> String {
        self.text_of("return location.hash")
    }

    /// Runs a function body in the page.
    pub fn script(&self, body: &str, arguments: &[Value]) -> Value {
        self.driver.script(body, arguments)
    }

    /// Runs one that calls back with its last argument.
    pub fn script_later(&self, body: &str, arguments: &[Value]) -> Value {
        self.driver.script_later(body, arguments)
    }

    /// The text that a function body returns.
    pub fn text_of(&self, body: &str) -> String {
        self.script(body, &[])
            .as_str()
            .unwrap_or_default()
            .to_owned()
    }

    /// What is to be read on the page, with open dialogs.
    pub fn text(&self) -> String {
        self.text_of("return document.body.innerText")
    }

    /// Waits until the page's heading is this.
    pub fn await_heading(&self, heading: &str) {
        self.await_script(
            &format!("the heading {heading:?}"),
            "return document.querySelector('main h1')?.innerText.includes(arguments[0])",
            &[json!(heading)],
        );
    }

    /// Waits until these words are to be read.
    pub fn await_text(&self, text: &str) {
        self.await_script(
            &format!("the words {text:?}"),
            "const plain = (text) => text.replace(/[\\u00a0\\u202f\\s]+/g, ' ').toLowerCase(); \
             return plain(document.body.innerText).includes(plain(arguments[0]))",
            &[json!(text)],
        );
    }

    /// Waits until they are not.
    pub fn await_no_text(&self, text: &str) {
        self.await_script(
            &format!("the words {text:?} to go"),
            "return !document.body.innerText.includes(arguments[0])",
            &[json!(text)],
        );
    }

    /// Waits until a function body returns something true.
    pub fn await_script(&self, what: &str, body: &str, arguments: &[Value]) {
        // The page asks itself, so that waiting costs next to nothing; one that is left meanwhile
        // is asked anew.
        let asking = WAIT.replace("BODY", body);
        let begun = Instant::now();
        while self.driver.try_script_later(&asking, arguments) != Ok(json!(true)) {
            let waited = begun.elapsed();
            assert!(
                waited < PATIENCE,
                "waited {waited:?} for {what}; on the screen: {}",
                self.text().replace('\n', " | ")
            );
        }
    }

    /// Clicks on the button, link, tab or choice of this name.
    pub fn click(&self, name: &str) {
        self.click_in("", name);
    }

    /// The same, within the part of the page that has these words in its heading or name, or
    /// the row of them.
    pub fn click_in(&self, part: &str, name: &str) {
        let begun = Instant::now();
        let mut refused = "it is not there".to_owned();
        while begun.elapsed() < PATIENCE {
            if let Some(element) = self.find("clickable", part, name) {
                match self.driver.click(&element) {
                    Ok(()) => return,
                    Err(why) => refused = why,
                }
            }
        }
        panic!(
            "cannot click on {name:?} in {part:?}: {refused}; on the screen: {}",
            self.text()
        );
    }

    /// Writes into the field of this label what it did not hold before.
    pub fn fill(&self, label: &str, text: &str) {
        let field = self.field(label);
        self.script(
            "arguments[0].focus(); arguments[0].select?.()",
            &[field.as_argument()],
        );
        // Backspace removes what is selected.
        self.driver.keys(&field, &format!("\u{e003}{text}"));
    }

    /// Types keys into the field of this label.
    pub fn press(&self, label: &str, keys: &str) {
        self.driver.keys(&self.field(label), keys);
    }

    fn field(&self, label: &str) -> Element {
        until(&format!("the field {label:?}: {}", self.text()), || {
            self.find("field", "", label)
        })
    }

    fn find(&self, kind: &str, part: &str, name: &str) -> Option<Element> {
        self.driver
            .find(FINDER, &[json!(kind), json!(part), json!(name)])
    }

    /// The size of the window, as of a phone or a desk.
    pub fn resize(&self, width: u32, height: u32) {
        let screen = json!({
            "width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600,
        });
        self.driver
            .devtools("Emulation.setDeviceMetricsOverride", &screen);
    }

    /// `light` or `dark`, as the user's system asks for it.
    pub fn prefer(&self, scheme: &str) {
        self.driver.devtools(
            "Emulation.setEmulatedMedia",
            &json!({"features": [
                {"name": "prefers-color-scheme", "value": scheme},
                {"name": "prefers-reduced-motion", "value": "reduce"},
            ]}),
        );
    }

    /// A picture of the whole page, PNG in base64.
    pub fn screenshot(&self) -> String {
        let shot = self.driver.devtools(
            "Page.captureScreenshot",
            &json!({"format": "png", "captureBeyondViewport": true}),
        );
        shot["data"].as_str().expect("a picture").to_owned()
    }

    /// Ends the visit; nothing may have gone wrong unseen.
    pub fn leave(self) {
        let errors: Vec<_> = self
            .driver
            .log("browser")
            .iter()
            .filter(|entry| !self.is_expected(entry))
            .map(|entry| format!("{}: {}", entry["source"], entry["message"]))
            .collect();
        assert!(errors.is_empty(), "in the console:\n{}", errors.join("\n"));
        let elsewhere: Vec<_> = self
            .driver
            .log("performance")
            .iter()
            .filter_map(requested)
            .filter(|url| !self.is_ours(url))
            .collect();
        assert!(elsewhere.is_empty(), "requests elsewhere: {elsewhere:?}");
    }

    /// What a page says to developers is no error; a refusal that was provoked neither.
    fn is_expected(&self, entry: &Value) -> bool {
        let level = entry["level"].as_str().unwrap_or_default();
        let message = entry["message"].as_str().unwrap_or_default();
        let refused = |status: &u16| {
            entry["source"] == "network" && message.contains(&format!("status of {status} "))
        };
        level == "DEBUG" || level == "INFO" || self.expected.iter().any(refused)
    }

    fn is_ours(&self, url: &str) -> bool {
        // What the browser has within itself, as the tab that it begins with, leaves the machine no
        // more than what stands in the page.
        let is_within = ["about:", "data:", "blob:", "chrome:"];
        is_within.iter().any(|scheme| url.starts_with(scheme))
            || url.starts_with(&format!("{}/", self.origin))
    }
}

/// The address of a request, of an entry of the performance log.
fn requested(entry: &Value) -> Option<String> {
    let message: Value = serde_json::from_str(entry["message"].as_str()?).ok()?;
    let message = &message["message"];
    (message["method"] == "Network.requestWillBeSent").then(|| {
        message["params"]["request"]["url"]
            .as_str()
            .map(str::to_owned)
    })?
}
