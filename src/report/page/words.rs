//! The page's own words in two languages: one table, so that no language can lack a word. Composes nothing.

use super::say::Noun;
use crate::model::{Lang, Outcome};

macro_rules! words {
    ($($name:ident $doc:literal $english:literal $russian:literal;)*) => {
        /// The words of one language.
        #[derive(Debug)]
        pub(super) struct Words {
            $(#[doc = $doc] pub(super) $name: &'static str,)*
        }

        static ENGLISH: Words = Words { $($name: $english,)* };
        static RUSSIAN: Words = Words { $($name: $russian,)* };
    };
}

/// The words of a language.
pub(super) fn words(lang: Lang) -> &'static Words {
    lang.pick(&ENGLISH, &RUSSIAN)
}

words! {
    skip "Leads past the head." "Skip to the report" "К отчёту";
    contents "Name of the list of sections." "Contents" "Содержание";
    kind_import "What was done." "Import" "Импорт";
    kind_check "What was done." "Check, nothing was sent" "Проверка, ничего не отправлялось";
    kind_plan "What was done." "Plan, nothing was sent" "План, ничего не отправлялось";
    masked "Badge." "Personal data masked" "Персональные данные скрыты";
    masked_why "What the badge means." "Values stand here by their form only: 9 for a digit, x for letters. The files beside this page have them in full." "Значения показаны только формой: 9 вместо цифры, x вместо букв. Полностью они стоят в файлах рядом со страницей.";
    unmasked "Badge." "Contains personal data" "Содержит персональные данные";
    unmasked_why "What the badge means." "This page was written with --unmask: values of clients stand in it in clear. Do not pass it on without need." "Страница создана с ключом --unmask: данные клиентов показаны открыто. Не передавайте её без необходимости.";
    ended_finished "How the run ended." "finished" "завершён";
    ended_interrupted "How the run ended." "interrupted, can be continued" "прерван, можно продолжить";
    ended_halted "How the run ended." "stopped by the provider, can be continued" "остановлен провайдером, можно продолжить";
    halt_title "Why the provider stopped the run." "The provider stopped the run" "Провайдер остановил запуск";
    totals "Section." "Control totals" "Контрольные суммы";
    totals_intro "Explains the totals." "Every row that was read has exactly one outcome. The report is withheld when the sums differ." "У каждой прочитанной строки ровно один исход. Если суммы не сходятся, отчёт не выдаётся.";
    rows_read "Rows of the source." "Rows read" "Прочитано строк";
    sum_of_outcomes "Sum over outcomes." "Sum of outcomes" "Сумма исходов";
    sums_equal "They are equal." "equal" "сходится";
    need_attention "Rows for somebody." "Need attention" "Требуют внимания";
    requests_made "Requests." "Requests sent" "Отправлено запросов";
    sheet "Column." "Sheet" "Лист";
    all_sheets "Sums." "All" "Всего";
    whole_file "A text has no sheets." "The file" "Файл";
    more_sheets "Sheets without a line of their own." "further sheets" "остальные листы";
    blank_behind "Blank rows at the end." "Blank rows behind the last one, not counted" "Пустые строки в конце, не учтены";
    outcomes "Section." "Outcomes" "Исходы";
    outcome "Column." "Outcome" "Исход";
    count "Column." "Rows" "Строк";
    share "Column." "Share" "Доля";
    meaning "Column." "Meaning" "Значение";
    outcomes_chart "Name of the picture." "Outcomes as parts of a bar; the table below has the numbers" "Исходы как доли полосы; числа в таблице ниже";
    reasons "Under not sent." "Why rows were not sent" "Почему строки не отправлены";
    timeline "Section." "Requests over time" "Запросы во времени";
    timeline_chart "Name of the picture." "Requests over time; the table below has the numbers" "Запросы во времени; числа в таблице ниже";
    timeline_none_check "No timeline." "Nothing was sent, so there were no requests." "Ничего не отправлялось, запросов не было.";
    timeline_none "No timeline." "No request for a client left." "Ни одного запроса о клиентах не ушло.";
    timeline_note "What is not in it." "Requests that were to create clients. Tokens and look-ups stand in the totals only." "Запросы на создание клиентов. Токены и поиск учтены только в итогах.";
    first_tries "Legend." "First requests" "Первые запросы";
    repeats "Legend." "Repeats" "Повторы";
    throttled "Legend." "Answered “too fast”" "Ответ «слишком часто»";
    as_table "Opens the table." "The same as a table" "То же таблицей";
    from_time "Column." "From (UTC)" "С (UTC)";
    sent "Column." "Sent" "Отправлено";
    per_slice "Before a length of time." "per" "за";
    peak "Before a number." "Peak" "Максимум";
    causes "Section." "Root causes" "Коренные причины";
    causes_intro "Explains it." "What most complaints have in common, largest first. Mending one clears all rows under it." "Что общего у большинства замечаний, сначала самые частые. Исправление одной причины снимает все её строки.";
    causes_none "Nothing to tell." "No row has a fault." "Ошибок нет ни в одной строке.";
    next_step "Label." "Next step" "Что делать";
    first_place "Label." "First places" "Первые места";
    of_rows "After a share." "of rows with errors" "строк с ошибками";
    would_clear "Label." "Rows that this alone clears" "Строк исправит само по себе";
    of_faults "After a share." "of all faults" "всех замечаний";
    column "Column." "Column" "Столбец";
    mapping_line "Label." "Line for the mapping" "Строка для маппинга";
    by_column "Section." "Faults by column" "Ошибки по столбцам";
    errors "Column." "Errors" "Ошибки";
    warnings "Column." "Warnings" "Предупреждения";
    notes "Column." "Notes" "Заметки";
    codes "Column." "Codes" "Коды";
    whole_rows "Not of a column." "whole rows" "строка целиком";
    changes "Section." "What normalization changed" "Что изменила нормализация";
    changes_intro "Explains it." "Values that are sent in another form than they were found. Every single one stands in outcomes.csv, column changes." "Значения, отправленные не в том виде, в каком найдены. Каждое стоит в outcomes.csv, столбец changes.";
    changes_none "Nothing." "Every value is sent as it was found." "Все значения отправлены как найдены.";
    field "Column." "Field" "Поле";
    changed "Column." "Changed" "Изменено";
    examples "Column." "Examples" "Примеры";
    letters_only "No example to show." "letters or signs that look alike" "похожие буквы или знаки";
    rows "Section." "Rows" "Строки";
    rows_sample "Explains it." "A sample: every kind of trouble is in it. All rows stand in outcomes.csv." "Выборка: в ней есть каждый вид проблем. Все строки — в outcomes.csv.";
    rows_all "Explains it." "All rows of the run." "Все строки запуска.";
    search "Label." "Search" "Поиск";
    search_hint "Placeholder." "place, column, words …" "место, столбец, слова …";
    any_outcome "Choice." "Any outcome" "Любой исход";
    any_code "Choice." "Any code" "Любой код";
    code "Label." "Code" "Код";
    clear "Button." "Clear" "Сбросить";
    shown "Count." "shown" "показано";
    of "Between numbers." "of" "из";
    no_match "Nothing found." "No row of the sample fits. The rows in full stand in outcomes.csv." "В выборке ничего не найдено. Все строки — в outcomes.csv.";
    keys "Help." "Press / to search and Esc to clear." "/ — поиск, Esc — сброс.";
    place "Column." "Place" "Место";
    what "Column." "What is to be said" "Что известно";
    line "Before a number." "line" "строка";
    own_id "Label." "id" "id";
    provider_id "Label." "provider’s id" "id у провайдера";
    attempts "After a number." "attempts" "попыток";
    more_complaints "After a number." "more, see faults.csv" "ещё, см. faults.csv";
    nothing_to_say "Good rows." "Nothing to remark" "Без замечаний";
    catalogue "Section." "What the codes mean" "Что значат коды";
    files "Section." "Files" "Файлы";
    files_intro "Explains it." "They lie in the same folder as this page; in a mail the links lead nowhere." "Лежат в той же папке, что и страница; из письма ссылки не откроются.";
    file "Column." "File" "Файл";
    holds "Column." "What it holds" "Что внутри";
    records "Column." "Records" "Записей";
    size "Column." "Size" "Размер";
    certificate "Section." "Certificate" "Свидетельство";
    proof_mapping "Label of a hash." "Mapping" "Соответствие столбцов";
    proof_contract "Label of a hash." "Contract" "Контракт";
    proof_journal "Label of a hash." "Journal, events of this run" "Журнал, события этого запуска";
    control_sum "Label of a sum." "Control sum" "Контрольная сумма";
    certificate_intro "Explains it." "What this report is about, to the byte. `clientferry verify` holds the folder against certificate.json." "О чём этот отчёт, с точностью до байта. `clientferry verify` сверяет папку с certificate.json.";
    equation "Label." "Sum" "Сумма";
    run "Section." "The run" "Запуск";
    run_name "Label." "Run" "Запуск";
    operation "Label." "Operation" "Операция";
    account "Label." "Account" "Учётная запись";
    source "Label." "Source" "Источник";
    version "Label." "Program" "Программа";
    started "Label." "Started" "Начат";
    finished "Label." "Ended" "Окончен";
    took "Label." "Took" "Длился";
    how_ended "Label." "State" "Состояние";
    ignored "Label." "Columns not sent" "Столбцы не отправлены";
    test_stand "Note." "The provider was a test stand: its ids are nobody’s, and crosswalk.csv is empty." "Провайдер — тестовый стенд: его id ничьи, crosswalk.csv пуст.";
    without_id "Note." "Clients whose id the provider did not tell" "Клиенты, чей id провайдер не сообщил";
    and_more "Before a number." "and more:" "и ещё:";
}

/// Rows, to be counted.
pub(super) fn rows(lang: Lang) -> Noun {
    lang.pick(["row", "", "rows"], ["строка", "строки", "строк"])
}

/// Requests, to be counted.
pub(super) fn requests(lang: Lang) -> Noun {
    lang.pick(["request", "", "requests"], ["запрос", "запроса", "запросов"])
}

/// Columns, to be counted.
pub(super) fn columns(lang: Lang) -> Noun {
    lang.pick(["column", "", "columns"], ["столбец", "столбца", "столбцов"])
}

/// An outcome's name and what it means.
pub(super) fn outcome(lang: Lang, outcome: Outcome) -> (&'static str, &'static str) {
    match outcome {
        Outcome::Created => lang.pick(
            ("Created", "The provider created the client for this run."),
            ("Создан", "Провайдер создал клиента в этом запуске."),
        ),
        Outcome::Existing => lang.pick(
            ("Existing", "The client was there before; nothing was doubled."),
            ("Уже был", "Клиент уже был у провайдера; второго не создано."),
        ),
        Outcome::Invalid => lang.pick(
            ("Invalid", "The row has faults and was not sent. Mend it in rejected.csv."),
            ("С ошибками", "В строке есть ошибки, она не отправлена. Исправьте её в rejected.csv."),
        ),
        Outcome::Duplicate => lang.pick(
            ("Duplicate", "An earlier row of the file is the same client; this one was not sent."),
            ("Повтор", "Тот же клиент уже есть в файле выше; эта строка не отправлена."),
        ),
        Outcome::Rejected => lang.pick(
            ("Rejected", "The provider refused the client. Its words stand at the row."),
            ("Отклонён", "Провайдер отказал. Его слова стоят у строки."),
        ),
        Outcome::Unknown => lang.pick(
            ("Unknown", "Sent, and no reliable answer came. Run `clientferry resolve` before anything else."),
            ("Неизвестно", "Отправлено, но надёжного ответа нет. Сначала выполните `clientferry resolve`."),
        ),
        Outcome::NotSent => lang.pick(
            ("Not sent", "Not sent, for a reason that is not the row's own."),
            ("Не отправлен", "Не отправлен, причина не в самой строке."),
        ),
    }
}

/// What a file of the report holds.
pub(super) fn file(lang: Lang, name: &str) -> &'static str {
    match name {
        "outcomes.csv" => lang.pick("every row", "каждая строка"),
        "faults.csv" => lang.pick("every fault", "каждое замечание"),
        "rejected.csv" => lang.pick("rows to mend, in your own columns", "строки для исправления, в ваших столбцах"),
        "crosswalk.csv" => lang.pick("old id to new id", "старый id → новый id"),
        "outcomes.xlsx" => lang.pick("every row as a workbook", "каждая строка, книгой Excel"),
        "outcomes.jsonl" | "outcomes.parquet" => lang.pick("every row for programs", "каждая строка для программ"),
        "junit.xml" => lang.pick("failures for build servers", "ошибки для CI"),
        "changes.csv" => lang.pick("what changed since another run", "что изменилось с другого запуска"),
        "certificate.json" => lang.pick("hashes and sums", "контрольные значения и суммы"),
        "summary.json" => lang.pick("the sums for programs", "итоги для программ"),
        _ => "",
    }
}
