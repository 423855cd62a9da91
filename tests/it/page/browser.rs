//! A small client of Chromium's DevTools protocol: opens a page, types, looks, prints. Judges nothing.

use std::io::{BufRead as _, BufReader};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;
use tungstenite::protocol::WebSocketConfig;
use tungstenite::{Message, WebSocket};

/// Names under which distributions install it.
const NAMES: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "chrome"];
/// No single question takes longer, also on a busy machine.
const ANSWER_MAX: Duration = Duration::from_secs(120);

/// A headless browser with one tab.
pub(super) struct Browser {
    process: Child,
    socket: WebSocket<TcpStream>,
    session: String,
    asked: u64,
    /// Everything that the tab told by itself.
    pub(super) events: Vec<Value>,
    _profile: TempDir,
}

/// The browser that is installed: the one that `CHROMIUM` names, or the first on the path.
pub(super) fn installed() -> Option<PathBuf> {
    if let Some(named) = std::env::var_os("CHROMIUM") {
        return Some(PathBuf::from(named));
    }
    let path = std::env::var_os("PATH")?;
    let folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    NAMES.iter().flat_map(|name| folders.iter().map(move |folder| folder.join(name))).find(|file| file.is_file())
}

impl Browser {
    pub(super) fn start(program: &Path) -> Self {
        let profile = tempfile::tempdir().unwrap();
        let mut process = Command::new(program)
            .args(["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"])
            .args(["--disable-background-networking", "--disable-component-update", "--hide-scrollbars", "--mute-audio"])
            .args(["--disable-extensions", "--remote-debugging-port=0", "--force-color-profile=srgb"])
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .arg("about:blank")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("Chromium starts");
        let mut lines = BufReader::new(process.stderr.take().unwrap()).lines();
        let address = lines
            .by_ref()
            .map_while(Result::ok)
            .find_map(|line| line.strip_prefix("DevTools listening on ").map(str::to_owned))
            .expect("Chromium tells where it listens");
        // Whoever does not read on lets it wait for a full pipe.
        std::thread::spawn(move || lines.for_each(drop));
        let host = address.trim_start_matches("ws://").split('/').next().unwrap();
        let stream = TcpStream::connect(host).unwrap();
        stream.set_read_timeout(Some(ANSWER_MAX)).unwrap();
        stream.set_nodelay(true).unwrap();
        // Pictures of long pages are large.
        let config = WebSocketConfig::default().max_message_size(None).max_frame_size(None);
        let (socket, _) = tungstenite::client::client_with_config(&address, stream, Some(config)).expect("a WebSocket");
        let mut browser = Self { process, socket, session: String::new(), asked: 0, events: Vec::new(), _profile: profile };
        let target = browser.ask("Target.createTarget", &json!({"url": "about:blank"}))["targetId"].clone();
        let attached = browser.ask("Target.attachToTarget", &json!({"targetId": target, "flatten": true}));
        browser.session = attached["sessionId"].as_str().unwrap().to_owned();
        for domain in ["Page", "Runtime", "Log", "Network"] {
            browser.ask(&format!("{domain}.enable"), &json!({}));
        }
        browser
    }

    /// Asks and waits for the answer.
    pub(super) fn ask(&mut self, method: &str, parameters: &Value) -> Value {
        self.asked += 1;
        let mut question = json!({"id": self.asked, "method": method, "params": parameters});
        if !self.session.is_empty() {
            question["sessionId"] = json!(self.session);
        }
        self.socket.send(Message::text(question.to_string())).unwrap();
        loop {
            let told = self.hear();
            if told["id"] == json!(self.asked) {
                assert!(told.get("error").is_none(), "{method}: {}", told["error"]);
                return told["result"].clone();
            }
        }
    }

    fn hear(&mut self) -> Value {
        loop {
            if let Message::Text(text) = self.socket.read().expect("Chromium answers") {
                let told: Value = serde_json::from_str(&text).unwrap();
                if told.get("method").is_some() {
                    self.events.push(told.clone());
                }
                return told;
            }
        }
    }

    /// Opens an address and waits until it is loaded.
    pub(super) fn open(&mut self, address: &str) {
        let before = self.events.len();
        self.ask("Page.navigate", &json!({"url": address}));
        let begun = Instant::now();
        while !self.events[before..].iter().any(|event| event["method"] == "Page.loadEventFired") {
            assert!(begun.elapsed() < ANSWER_MAX, "{address} is not loaded");
            self.hear();
        }
    }

    /// The value of an expression in the page.
    pub(super) fn value(&mut self, expression: &str) -> Value {
        let asked = json!({"expression": expression, "returnByValue": true, "awaitPromise": true});
        let answer = self.ask("Runtime.evaluate", &asked);
        assert!(answer.get("exceptionDetails").is_none(), "{expression}: {answer}");
        answer["result"]["value"].clone()
    }

    /// Presses a key as a person does.
    pub(super) fn press(&mut self, key: &str) {
        let (text, code) = match key {
            "Enter" => ("\r", 13),
            "Tab" => ("", 9),
            "Escape" => ("", 27),
            "ArrowDown" => ("", 40),
            "End" => ("", 35),
            letter => (letter, i64::from(letter.to_uppercase().as_bytes()[0])),
        };
        let kind = if text.is_empty() { "rawKeyDown" } else { "keyDown" };
        let code = if key == "/" { 191 } else { code };
        self.ask("Input.dispatchKeyEvent", &json!({"type": kind, "key": key, "text": text, "windowsVirtualKeyCode": code}));
        self.ask("Input.dispatchKeyEvent", &json!({"type": "keyUp", "key": key, "windowsVirtualKeyCode": code}));
    }

    /// Types a text where the focus is.
    pub(super) fn write(&mut self, text: &str) {
        self.ask("Input.insertText", &json!({"text": text}));
    }

    /// A screen of this size.
    pub(super) fn screen(&mut self, width: u32, height: u32, is_phone: bool) {
        let scale = if is_phone { 2 } else { 1 };
        let metrics = json!({"width": width, "height": height, "deviceScaleFactor": scale, "mobile": is_phone});
        self.ask("Emulation.setDeviceMetricsOverride", &metrics);
    }

    /// Light or dark, on a screen or on paper.
    pub(super) fn media(&mut self, scheme: &str, medium: &str) {
        let features = json!([{"name": "prefers-color-scheme", "value": scheme}]);
        self.ask("Emulation.setEmulatedMedia", &json!({"media": medium, "features": features}));
    }

    /// The whole page as a picture, for people to look at, where `CHROMIUM_SCREENSHOTS` names a folder.
    pub(super) fn picture(&mut self, name: &str) {
        let Some(folder) = std::env::var_os("CHROMIUM_SCREENSHOTS") else { return };
        let shot = self.ask("Page.captureScreenshot", &json!({"format": "png", "captureBeyondViewport": true}));
        std::fs::write(Path::new(&folder).join(name), unpack(shot["data"].as_str().unwrap())).unwrap();
    }

    /// The page as a PDF.
    pub(super) fn print(&mut self) -> Vec<u8> {
        let printed = self.ask(
            "Page.printToPDF",
            &json!({"preferCSSPageSize": true, "printBackground": false, "paperWidth": 8.27, "paperHeight": 11.69}),
        );
        unpack(printed["data"].as_str().unwrap())
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The bytes of a text in base64.
fn unpack(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    let (mut bits, mut count) = (0_u32, 0);
    for letter in text.bytes() {
        let value = match letter {
            b'A'..=b'Z' => letter - b'A',
            b'a'..=b'z' => letter - b'a' + 26,
            b'0'..=b'9' => letter - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => break,
        };
        bits = bits << 6 | u32::from(value);
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count) as u8);
        }
    }
    bytes
}
