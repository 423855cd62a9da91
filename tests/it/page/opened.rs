//! `report.html` in a real browser: keyboard, themes, phone, paper, policy. Skipped loudly where no Chromium is installed.

use std::path::Path;

use serde_json::{Value, json};

use super::bounds;
use super::browser::{Browser, installed};
use super::made::messy_run;

/// Walks over every element that shows text and tells those whose contrast is below 4.5 (3 for large letters).
const CONTRAST: &str = r#"(() => {
  const parse = (text) => (text.match(/[\d.]+/g) || []).map(Number);
  const part = (value) => { value /= 255; return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4; };
  const light = ([r, g, b]) => 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b);
  const ground = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const colour = parse(getComputedStyle(at).backgroundColor);
      if (colour.length === 3 || colour[3] === 1) return colour;
    }
    return [255, 255, 255];
  };
  const poor = [];
  let looked = 0;
  for (const element of document.body.querySelectorAll('*')) {
    if (element.closest('svg, script, style') || !element.checkVisibility()) continue;
    const shows = [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
    if (!shows && !/^(INPUT|SELECT)$/.test(element.tagName)) continue;
    const style = getComputedStyle(element);
    const [one, two] = [light(parse(style.color)), light(ground(element))];
    const ratio = (Math.max(one, two) + 0.05) / (Math.min(one, two) + 0.05);
    const large = parseFloat(style.fontSize) >= 24;
    looked += 1;
    if (ratio < (large ? 3 : 4.5)) poor.push(`${element.tagName}.${element.className} ${ratio.toFixed(2)}`);
  }
  return { looked, poor: [...new Set(poor)] };
})()"#;

/// Charts' colours against the paper: 3 is what graphics need.
const COLOURS: &str = r#"(() => {
  const part = (value) => { value /= 255; return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4; };
  const light = (text) => { const [r, g, b] = text.match(/[\d.]+/g).map(Number); return 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b); };
  const paper = light(getComputedStyle(document.body).backgroundColor);
  const poor = [];
  for (const dot of document.querySelectorAll('.dot, .chart rect')) {
    const style = getComputedStyle(dot);
    const own = light(dot.tagName === 'rect' ? style.fill : style.backgroundColor);
    const ratio = (Math.max(own, paper) + 0.05) / (Math.min(own, paper) + 0.05);
    if (ratio < 3) poor.push(`${dot.className.baseVal || dot.className} ${ratio.toFixed(2)}`);
  }
  return [...new Set(poor)];
})()"#;

/// What reaches beyond the right edge of the screen.
const WIDEST: &str = r#"[...document.querySelectorAll('main *, header *, footer *')]
  .filter((node) => node.getBoundingClientRect().right > document.documentElement.clientWidth + 1 && !node.closest('.scroll, pre'))
  .slice(0, 8).map((node) => `${node.tagName}.${node.className.baseVal ?? node.className} in ${node.parentElement.tagName}`)"#;

const VISIBLE: &str = "[...document.querySelectorAll('#sample tbody tr')].filter((row) => row.checkVisibility()).length";

#[test]
fn the_page_works_in_a_browser_by_keyboard_in_every_theme_and_asks_nobody() {
    let Some(program) = installed() else {
        eprintln!("SKIPPED: no Chromium on the path and CHROMIUM is not set; the page was not opened");
        return;
    };
    let mut browser = Browser::start(&program);
    let run = messy_run();
    for lang in ["en", "ru"] {
        walk(&mut browser, &run.path(lang).join("report.html"), lang);
    }
    for (name, written) in [("varied", bounds::varied_page()), ("wild", bounds::wild_page(true))] {
        browser.events.clear();
        browser.media("light", "screen");
        browser.open(&format!("file://{}", written.path().join("report.html").display()));
        for width in [1280, 320] {
            browser.screen(width, 900, width < 500);
            let beyond = browser.value("document.documentElement.scrollWidth - document.documentElement.clientWidth");
            assert_eq!(beyond, 0, "{name}: wider than a screen of {width}: {}", browser.value(WIDEST));
            browser.picture(&format!("{name}-{width}.png"));
        }
        assert_eq!(complaints(&browser), Vec::<Value>::new(), "{name}");
    }
}

fn walk(browser: &mut Browser, page: &Path, lang: &str) {
    let address = format!("file://{}", page.display());
    browser.events.clear();
    browser.screen(1280, 900, false);
    browser.media("light", "screen");
    browser.open(&address);
    assert_eq!(browser.value("document.documentElement.lang"), lang);
    browser.picture(&format!("{lang}-desktop.png"));

    by_keyboard(browser, lang);
    for (scheme, width) in [("light", 1280), ("dark", 1280), ("dark", 360), ("light", 320)] {
        let is_phone = width < 500;
        browser.screen(width, if is_phone { 740 } else { 900 }, is_phone);
        browser.media(scheme, "screen");
        let contrast = browser.value(CONTRAST);
        assert!(contrast["looked"].as_u64().unwrap() > 100, "{contrast}");
        assert_eq!(contrast["poor"], json!([]), "{lang} {scheme}");
        assert_eq!(browser.value(COLOURS), json!([]), "{lang} {scheme}");
        let beyond = browser.value("document.documentElement.scrollWidth - document.documentElement.clientWidth");
        assert_eq!(beyond, 0, "{lang}: the page is wider than a screen of {width}");
        browser.picture(&format!("{lang}-{scheme}-{width}.png"));
    }
    structure(browser);

    browser.screen(1280, 900, false);
    browser.media("dark", "");
    browser.value(
        "window.openOnPaper = 0; addEventListener('beforeprint', () => setTimeout(() => 0)); \
        addEventListener('beforeprint', () => { window.openOnPaper = document.querySelectorAll('details[open]').length; })",
    );
    let paper = browser.print();
    assert!(paper.starts_with(b"%PDF") && paper.len() > 10_000, "{} bytes", paper.len());
    assert_eq!(browser.value("window.openOnPaper > 0"), true, "what a click opens is open on paper");
    assert_eq!(browser.value("document.querySelectorAll('details[open]').length"), 0);
    if let Some(folder) = std::env::var_os("CHROMIUM_SCREENSHOTS") {
        std::fs::write(Path::new(&folder).join(format!("{lang}.pdf")), &paper).unwrap();
    }
    browser.media("dark", "print");
    assert_eq!(browser.value("getComputedStyle(document.body).backgroundColor"), "rgb(255, 255, 255)", "paper is white");
    assert_eq!(browser.value(CONTRAST)["poor"], json!([]), "{lang} on paper");

    assert_eq!(complaints(browser), Vec::<Value>::new());
    let asked: Vec<&str> = browser
        .events
        .iter()
        .filter(|event| event["method"] == "Network.requestWillBeSent")
        .filter_map(|event| event["params"]["request"]["url"].as_str())
        .filter(|url| *url != address && !url.starts_with("data:"))
        .collect();
    assert_eq!(asked, Vec::<&str>::new(), "the page asks for something");
    policy(browser);
}

/// What the browser had to say against the page.
fn complaints(browser: &Browser) -> Vec<Value> {
    let is_bad = |event: &&Value| match event["method"].as_str().unwrap() {
        "Runtime.exceptionThrown" => true,
        "Runtime.consoleAPICalled" => matches!(event["params"]["type"].as_str(), Some("error" | "warning" | "assert")),
        "Log.entryAdded" => matches!(event["params"]["entry"]["level"].as_str(), Some("error" | "warning")),
        _ => false,
    };
    browser.events.iter().filter(is_bad).cloned().collect()
}

fn by_keyboard(browser: &mut Browser, lang: &str) {
    let all = browser.value("document.querySelectorAll('#sample tbody tr').length").as_u64().unwrap();
    assert!(all > 50, "{all}");
    // The first stop leads past the head.
    browser.press("Tab");
    assert_eq!(browser.value("document.activeElement.className"), "skip");
    assert_eq!(browser.value("getComputedStyle(document.activeElement).outlineStyle"), "solid", "the focus is seen");
    browser.press("Enter");
    assert_eq!(browser.value("document.activeElement.id"), "content");
    // Search.
    browser.press("/");
    assert_eq!(browser.value("document.activeElement.id"), "find");
    assert_eq!(browser.value("document.activeElement.value"), "");
    browser.write("PHONE.");
    let found = browser.value(VISIBLE).as_u64().unwrap();
    assert!(found > 0 && found < all, "{found} of {all}");
    let texts = "[...document.querySelectorAll('#sample tbody tr')].filter((row) => row.checkVisibility())\
        .every((row) => row.textContent.includes('phone.'))";
    assert_eq!(browser.value(texts), true);
    let of = if lang == "ru" { "из" } else { "of" };
    let told = browser.value("document.getElementById('shown').textContent");
    assert!(told.as_str().unwrap().starts_with(&format!("{found} {of} {all}")), "{told}");
    browser.picture(&format!("{lang}-found.png"));
    browser.write(" nothing-is-called-so");
    assert_eq!(browser.value(VISIBLE), 0);
    assert_eq!(browser.value("document.getElementById('none').checkVisibility()"), true);
    browser.press("Escape");
    assert_eq!(browser.value(VISIBLE), all);
    // Filter by outcome: the next stop behind the search.
    browser.press("Tab");
    assert_eq!(browser.value("document.activeElement.id"), "by-outcome");
    browser.press("ArrowDown");
    let outcome = browser.value("document.activeElement.value");
    assert!(outcome.as_str().is_some_and(|outcome| !outcome.is_empty()), "{outcome}");
    let found = browser.value(VISIBLE).as_u64().unwrap();
    assert!(found > 0 && found < all, "{found} of {all}");
    let only = format!(
        "[...document.querySelectorAll('#sample tbody tr')].every((row) => row.checkVisibility() === (row.dataset.o === {outcome}))"
    );
    assert_eq!(browser.value(&only), true);
    browser.press("Tab");
    assert_eq!(browser.value("document.activeElement.id"), "by-code");
    browser.press("Tab");
    assert_eq!(browser.value("document.activeElement.id"), "clear");
    browser.press("Enter");
    assert_eq!(browser.value(VISIBLE), all);
    assert_eq!(browser.value("document.activeElement.id"), "find");
}

/// Landmarks, headings without gaps, names for what is drawn or typed into, a table beside each chart.
fn structure(browser: &mut Browser) {
    let found = browser.value(
        r##"(() => {
          const all = (what) => [...document.querySelectorAll(what)];
          const levels = all('h1,h2,h3,h4').map((heading) => Number(heading.tagName[1]));
          return {
            landmarks: ['header', 'nav', 'main', 'footer', '[role=search]'].map((what) => all(what).length),
            h1: levels.filter((level) => level === 1).length,
            gaps: levels.filter((level, index) => index > 0 && level > levels[index - 1] + 1).length,
            unnamed: all('svg[role=img]:not([aria-label]), section:not([aria-labelledby])').length
              + all('input, select').filter((field) => !document.querySelector(`label[for=${field.id}]`)).length,
            noTable: all('svg[role=img]').filter((chart) => !chart.closest('section').querySelector('table')).length,
            noCaption: all('table').filter((table) => !table.caption).length,
            deadLinks: all('a[href^="#"]').filter((link) => !document.getElementById(link.hash.slice(1))).length,
            twice: all('[id]').length - new Set(all('[id]').map((one) => one.id)).size,
          };
        })()"##,
    );
    let wanted = json!({
        "landmarks": [1, 1, 1, 1, 1], "h1": 1, "gaps": 0, "unnamed": 0, "noTable": 0, "noCaption": 0, "deadLinks": 0, "twice": 0
    });
    assert_eq!(found, wanted);
}

/// The policy holds against what somebody might bring in, whether or not the page would escape it.
fn policy(browser: &mut Browser) {
    let caught = browser.value(
        r#"new Promise((done) => {
          const caught = [];
          document.addEventListener('securitypolicyviolation', (event) => caught.push(event.effectiveDirective));
          const add = (tag, fill) => { const element = document.createElement(tag); fill(element); document.body.append(element); };
          add('script', (script) => { script.textContent = 'window.wasBroken = true'; });
          add('style', (style) => { style.textContent = 'body { color: red }'; });
          add('img', (image) => { image.src = 'http://127.0.0.1:9/x.png'; });
          fetch('http://127.0.0.1:9/').catch(() => 0);
          const begun = Date.now();
          const tell = () => {
            const kinds = [...new Set(caught)].sort();
            if (kinds.length < 4 && Date.now() - begun < 10000) return setTimeout(tell, 50);
            done({ broken: window.wasBroken === true, caught: kinds });
          };
          setTimeout(tell, 100);
        })"#,
    );
    let directives = ["connect-src", "img-src", "script-src-elem", "style-src-elem"];
    assert_eq!(caught, json!({"broken": false, "caught": directives}));
}
