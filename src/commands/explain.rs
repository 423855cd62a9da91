//! `explain`: what a fault code means, with an example and what to do.

use std::fmt::Write as _;

use crate::cli::ExplainArgs;
use crate::failure::{Exit, Failure};
use crate::model::{Code, Lang};
use crate::terminal;

pub(super) fn run(args: &ExplainArgs) -> Result<Exit, Failure> {
    let lang: Lang = args.lang.parse().map_err(|why: String| Failure::settings(why, "`--lang en` or `--lang ru`"))?;
    let Some(wanted) = args.code.as_deref().filter(|_| !args.all) else {
        terminal::print(&all(lang));
        return Ok(Exit::Well);
    };
    let Some(code) = Code::from_name(wanted.trim()) else {
        let hint = match Code::nearest(wanted) {
            Some(nearest) => format!("the nearest is `{nearest}`; `clientferry explain --all` lists all codes"),
            None => "`clientferry explain --all` lists all codes".to_owned(),
        };
        return Err(Failure::settings(format!("there is no code `{wanted}`"), hint));
    };
    terminal::print(&one(code, lang));
    Ok(Exit::Well)
}

fn one(code: Code, lang: Lang) -> String {
    let example = lang.pick("Example", "Пример");
    let next = lang.pick("Next", "Что делать");
    format!(
        "{code} ({})\n{}\n\n{example}: {}\n{next}: {}\n",
        code.severity().word_in(lang),
        code.meaning_in(lang),
        code.example().text(lang),
        code.next_step_in(lang),
    )
}

fn all(lang: Lang) -> String {
    let wide = Code::ALL.iter().map(|code| code.as_str().len()).max().unwrap_or(0);
    let severity_wide = Code::ALL.iter().map(|code| code.severity().word_in(lang).chars().count()).max().unwrap_or(0);
    let mut text = String::new();
    for code in Code::ALL {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{:<wide$}  {:<severity_wide$}  {}", code, code.severity().word_in(lang), code.meaning_in(lang));
    }
    text
}
