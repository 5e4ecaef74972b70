use super::*;
use crate::data::Span;
use proptest::prelude::*;
use std::io::Cursor;

/// What a stream yields, told in short: `id: text`, `! notice`, `x reason`.
fn told(bytes: impl Into<Vec<u8>>, format: Format) -> Vec<String> {
    told_with(bytes, format, &Options::default())
}

fn told_with(bytes: impl Into<Vec<u8>>, format: Format, options: &Options) -> Vec<String> {
    stream(Cursor::new(bytes.into()), "dir/a.x", format, options).map(short).collect()
}

fn short(event: Event) -> String {
    match event {
        Event::Document(d) => format!("{}: {}", d.id, d.text),
        Event::Notice { at, text } => format!("! {at}: {text}"),
        Event::Skipped(error) => format!("x {error}"),
    }
}

fn documents(bytes: impl Into<Vec<u8>>, format: Format) -> Vec<Document> {
    let events = stream(Cursor::new(bytes.into()), "a.x", format, &Options::default());
    events.filter_map(|e| if let Event::Document(d) = e { Some(d) } else { None }).collect()
}

/// Whether each event told matches its pattern: what it must contain.
#[track_caller]
fn expect(told: &[String], patterns: &[&str]) {
    assert_eq!(told.len(), patterns.len(), "{told:#?}");
    for (event, pattern) in told.iter().zip(patterns) {
        assert!(event.contains(pattern), "{event:?} should have {pattern:?}");
    }
}

#[test]
fn json_lines_fields_go_to_their_places() {
    let line = r#"{"zeta":1,"id":7,"title":"T","date":"2020-05-25T10:00:00Z","context":"C","text":"China: é","alpha":{"b":[null]}}"#;
    let [d] = &documents(line, Format::JsonLines)[..] else { panic!("one document") };
    assert_eq!((d.id.as_str(), d.text.as_str(), d.article), ("7", "China: é", false));
    assert_eq!(d.title.as_deref(), Some("T"));
    assert_eq!(d.date.as_deref(), Some("2020-05-25"));
    assert_eq!(d.context.as_deref(), Some("C"));
    assert_eq!(serde_json::to_string(&d.meta).unwrap(), r#"{"zeta":1,"alpha":{"b":[null]}}"#);
    assert_eq!(d.origin, Origin::line("a.x", 1));
}

#[test]
fn fields_can_be_renamed() {
    let options = Options { text_field: "body".into(), id_field: "key".into(), ..Options::default() };
    let events = told_with(r#"{"body":"B","text":"T","key":"k","id":"i"}"#, Format::JsonLines, &options);
    expect(&events, &["k: B"]);
    let events = told_with(r#"{"text":"T"}"#, Format::JsonLines, &options);
    expect(&events, &["x dir/a.x:1: no field `body`; the fields are `text`"]);
}

#[test]
fn a_bad_line_costs_itself_only() {
    let lines = b"\xef\xbb\xbf{\"text\":\"one\"}\r\n\n{\"text\":\"cut\n[1]\n\"s\"\n{\"title\":\"t\"}\n{\"text\":null}\n{\"text\":\"  \"}\n\
        {\"text\":5}\n{\"text\":\"caf\xe9\"}\n{\"text\":\"a\0\"}\n{\"text\" \"x\"}\n{\"text\":\"\\ud83d\"}\n{\"text\":\"last\"}";
    expect(
        &told(&lines[..], Format::JsonLines),
        &[
            "a.x:1: one",
            "a.x:3: the line ends before its JSON object",
            "a.x:4: a JSON list",
            "a.x:5: not a JSON object",
            "a.x:6: no field `text`; the fields are `title`",
            "a.x:7: `text` is null",
            "a.x:8: `text` is empty",
            "a.x:9: `text` is not a string",
            "a.x:10: not UTF-8",
            "a.x:11: binary",
            "a.x:12: malformed JSON at column 9",
            "a.x:13: malformed JSON",
            "a.x:14: last",
        ],
    );
}

#[test]
fn text_is_kept_to_the_last_character() {
    let text = " \u{200f}العقوبات\u{0}\u{7}🙂\u{feff}\r\n\té ";
    let line = serde_json::json!({ "text": text }).to_string();
    assert_eq!(documents(line, Format::JsonLines)[0].text, text);
}

#[test]
fn odd_fields_are_told_and_kept() {
    let line = r#"{"id":[1],"title":{"en":"T"},"date":"25 May 2020","text":"x"}"#;
    expect(
        &told(line, Format::JsonLines),
        &["`id` is neither", "`title` is not", "`25 May 2020` is not ISO", "a.x:1: x"],
    );
    let [d] = &documents(line, Format::JsonLines)[..] else { panic!("one document") };
    assert_eq!((d.title.as_ref(), d.date.as_ref(), d.meta.len()), (None, None, 2));
    expect(&told(r#"{"id":"","title":null,"date":"","context":" ","text":"x"}"#, Format::JsonLines), &["a.x:1: x"]);
}

#[test]
fn given_actors_become_byte_spans() {
    let line = r#"{"text":"é🙂 China, China","actors":[{"start":3,"end":8,"code":"CHN","name":"China","mentions":[[3,8],[10,15]]},{"mentions":[[0,1]],"code":null}]}"#;
    let actors = documents(line, Format::JsonLines)[0].actors.clone().unwrap();
    assert_eq!(actors[0].mentions, [Span::new(7, 12), Span::new(14, 19)]);
    assert_eq!((actors[0].code.as_deref(), actors[0].name.as_deref()), (Some("CHN"), Some("China")));
    assert_eq!((actors[1].mentions.as_slice(), &actors[1].code), (&[Span::new(0, 2)][..], &None));
    assert_eq!(documents(r#"{"text":"x","actors":[]}"#, Format::JsonLines)[0].actors, Some(vec![]));
    assert_eq!(documents(r#"{"text":"x","actors":null}"#, Format::JsonLines)[0].actors, None);
}

#[test]
fn actors_that_cannot_be_meant_are_skipped() {
    for (actors, reason) in [
        (r#"[{"start":0,"end":9}]"#, "actors[0]: the span 0 to 9 lies outside the text of 4 code points"),
        (r#"[{"start":0,"end":1},{"start":2,"end":2}]"#, "actors[1]: the span 2 to 2 covers nothing"),
        (r#"[{"start":3,"end":1}]"#, "covers nothing"),
        (r#"[{"start":1,"end":2}]"#, "nothing but white space"),
        (r#"[{"start":-1,"end":2}]"#, "not two whole numbers"),
        (r#"[{"start":0.5,"end":2}]"#, "not two whole numbers"),
        (r#"[{"start":0,"end":18446744073709551615}]"#, "outside"),
        (r#"[{"start":0}]"#, "go together"),
        (r#"[{"name":"China"}]"#, "neither `start` and `end` nor `mentions`"),
        (r#"[{"mentions":[[0]]}]"#, "not a pair"),
        (r#"[{"mentions":7}]"#, "`mentions` is not"),
        (r#"[{"start":0,"end":1,"code":5}]"#, "`code` is not a string"),
        (r#"["China"]"#, "actors[0]: not an object"),
        (r#"{"start":0}"#, "`actors` is not a list"),
    ] {
        let line = format!(r#"{{"text":"é cd","actors":{actors}}}"#);
        expect(&told(line, Format::JsonLines), &[reason]);
    }
}

#[test]
fn too_long_lines_are_counted_not_held() {
    let options = Options { max_record_bytes: 64, ..Options::default() };
    let long = "x".repeat(200_000);
    let lines = format!("{{\"text\":\"{long}\"}}\n{{\"text\":\"ok\"}}\n{{\"text\":\"{long}\"}}");
    expect(
        &told_with(lines, Format::JsonLines, &options),
        &["x dir/a.x:1: a line of 0.2 MiB is over the limit of 64 bytes", "a.x:2: ok", ":3: a line"],
    );
    for format in [Format::Text, Format::Html] {
        expect(&told_with("x".repeat(65), format, &options), &["longer than the limit of 64 bytes"]);
    }
    let rows = format!("id,text\n1,{long}\n2,ok\n3,\"{long}\nid,text\n4,never");
    expect(
        &told_with(rows, Format::Csv, &options),
        &[
            "x dir/a.x:2: a row over the limit",
            "2: ok",
            "x dir/a.x:4: a row over the limit of 64 bytes: is a quote left open?",
        ],
    );
    let many = format!("text\n{}\nok", ",".repeat(100_000));
    expect(&told_with(many, Format::Csv, &options), &[":2: a row over the limit", "a.x:3: ok"]);
}

#[test]
fn utf16_lines_and_rows_are_decoded() {
    let utf16 =
        |s: &str| [0xff, 0xfe].into_iter().chain(s.encode_utf16().flat_map(u16::to_le_bytes)).collect::<Vec<u8>>();
    expect(&told(utf16("{\"text\":\"Łódź 🙂\"}\r\n"), Format::JsonLines), &["a.x:1: Łódź 🙂"]);
    expect(&told(utf16("id;text\r\n1;Łódź\r\n"), Format::Csv), &["! dir/a.x: columns are separated by ';'", "1: Łódź"]);
    expect(&told(utf16("Łódź"), Format::Text), &["dir/a.x: Łódź"]);
}

#[test]
fn rows_are_known_by_their_line() {
    let rows = "\u{feff}id,text,extra\r\n1,\"two\r\nlines, \"\"quoted\"\"\",e\r\n\r\n2,b,\r\n,c,e\r\n4,d\r\n5,,e\r\n6,\"last\",e";
    expect(
        &told(rows, Format::Csv),
        &[
            "1: two\r\nlines, \"quoted\"",
            "2: b",
            "a.x:6: c",
            "x dir/a.x:7: the row has 2 fields and the header 3",
            "x dir/a.x:8: `text` is empty",
            "6: last",
        ],
    );
    let d = &documents(rows, Format::Csv)[1];
    assert_eq!((d.origin.line, serde_json::to_string(&d.meta).unwrap().as_str()), (Some(5), r#"{"extra":""}"#));
}

#[test]
fn tables_need_a_header_and_text() {
    expect(
        &told("id,body\n1,x\n", Format::Csv),
        &["x dir/a.x:1: no field `text`; the fields are `id`, `body`: name the one"],
    );
    expect(&told("text\tid\nx, y\tk\n", Format::Tsv), &["k: x, y"]);
    expect(&told("\n\n", Format::Csv), &["nothing but blank lines"]);
    expect(&told("text,text,actors\na,b,[]\n", Format::Csv), &["a.x:2: a"]);
    expect(
        &told(&b"text\ncaf\xe9\nna\xefve\n\x80"[..], Format::Csv),
        &["! dir/a.x:2: not UTF-8", "a.x:2: café", "a.x:3: naïve", "a.x:4: €"],
    );
}

#[test]
fn whole_files_are_articles() {
    let [d] = &documents("One.\n\nTwo.", Format::Text)[..] else { panic!("one document") };
    assert_eq!((d.id.as_str(), d.article, d.origin.line), ("a.x", true, None));
    expect(&told(&b"Z\xfcrich"[..], Format::Text), &["! dir/a.x: not UTF-8: read as Windows-1252", "Zürich"]);
    for format in [Format::Text, Format::Html, Format::JsonLines, Format::Csv] {
        expect(&told("", format), &["x dir/a.x: the file is empty"]);
        expect(&told(&b"\x7fELF\0\0\0"[..], format), &["x dir/a.x: binary, not text"]);
        expect(&told("%PDF-1.4 x", format), &["x dir/a.x: this is a PDF"]);
    }
    expect(&told(" \n\t", Format::Text), &["nothing but white space"]);
}

#[test]
fn pages_give_their_main_text() {
    let page = include_str!("../../tests/data/articles/harbour-notes.html");
    let [d] = &documents(page, Format::Html)[..] else { panic!("one document") };
    assert_eq!(d.title.as_deref(), Some("Why the fuel cap on North Korea leaks"));
    assert_eq!(d.date.as_deref(), Some("2031-08-05"));
    assert!(d.article);
    let blocks: Vec<&str> = d.text.split("\n\n").map(str::trim).collect();
    assert!(blocks.contains(&"## Two vetoes in waiting"), "{blocks:#?}");
    assert!(blocks.contains(&"Ports in the region should refuse ships that went dark."));
    assert_eq!(blocks.iter().filter(|b| b.ends_with('.') && b.len() > 60).count(), 6, "{blocks:#?}");
    for absent in
        ["Subscribe", "Great post", "Photo:", "dataLayer", "Lift the cap now", "Privacy", "Tweet", "barrels from orbit"]
    {
        assert!(!d.text.contains(absent), "{absent}");
    }
}

#[test]
fn poor_pages_are_read_all_the_same() {
    let small = "<title>T</title><nav>Home</nav><p>China objects.<p>So does Iran.";
    let [d] = &documents(small, Format::Html)[..] else { panic!("one document") };
    assert_eq!(d.text, "China objects.\n\nSo does Iran.");
    expect(&told("<html><body><script>x</script></body></html>", Format::Html), &["the page has no text"]);
    let cyrillic = b"<meta http-equiv=Content-Type content='text/html; charset=windows-1251'><p>\xcc\xce\xd1\xca\xc2\xc0 said no.</p>";
    assert_eq!(documents(&cyrillic[..], Format::Html)[0].text, "МОСКВА said no.");
    let odd =
        "<meta property='article:published_time' content='Mon, 25 May'><p>China objects to the new sanctions.</p>";
    assert!(told(odd, Format::Html)[0].contains("`Mon, 25 May` is not ISO 8601"));
    let deep = "<div>".repeat(500) + "China objects.";
    expect(&told(deep, Format::Html), &["China objects."]);
    let deep = "<div>".repeat(3_000_000) + "China objects.";
    expect(&told(deep, Format::Html), &["nested over 512 deep"]);
}

#[test]
fn folders_are_walked_by_name() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    std::fs::create_dir_all(at("b/.git")).unwrap();
    std::fs::create_dir(at("empty")).unwrap();
    for (name, text) in [
        ("c.txt", "C."),
        ("a.JSONL", "{\"text\":\"A\"}\n"),
        ("b/z.md", "Z."),
        ("b/x.pdf", "%PDF"),
        ("b/.git/h.txt", "H"),
        (".h.txt", "H"),
    ] {
        std::fs::write(at(name), text).unwrap();
    }
    let root = dir.path().to_str().unwrap().to_owned();
    let read = |paths: &[String]| -> Vec<String> {
        open(paths, Options::default()).unwrap().map(|e| short(e).replace(&root, "ROOT")).collect()
    };
    expect(
        &read(std::slice::from_ref(&root)),
        &[
            "a.JSONL:1: A",
            "ROOT/b/z.md: Z.",
            "ROOT/c.txt: C.",
            "! ROOT: passed over 1 of no known ending (x.pdf) and 2 hidden",
        ],
    );
    let (missing, pdf, empty) = (format!("{root}/no.txt"), format!("{root}/b/x.pdf"), format!("{root}/empty"));
    expect(
        &read(&[missing, pdf, empty, format!("{root}/c.txt")]),
        &[
            "x ROOT/no.txt: No such file",
            "x ROOT/b/x.pdf: unknown ending",
            "x ROOT/empty: the folder is empty",
            "ROOT/c.txt: C.",
        ],
    );
    let all = Options { format: Some(Format::Text), ..Options::default() };
    assert_eq!(open(std::slice::from_ref(&root), all).unwrap().count(), 5, "every file as text, and one notice");
}

#[test]
fn what_cannot_be_meant_is_refused() {
    let dash = || vec!["-".to_owned()];
    assert!(matches!(open(&[], Options::default()), Err(Error::Usage(_))));
    assert!(matches!(open(&[dash(), dash()].concat(), Options::default()), Err(Error::Usage(_))));
    let parquet = Options { format: Some(Format::Parquet), ..Options::default() };
    assert!(matches!(open(&dash(), parquet), Err(Error::Usage(_))));
    assert_eq!("jsonl".parse::<Format>().unwrap(), Format::JsonLines);
    assert!("pdf".parse::<Format>().unwrap_err().to_string().contains("text, html, jsonl"));
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400), start in 0usize..5) {
        let start: &[u8] = [&b""[..], b"{\"text\":", b"id,text\n1,\"", b"<p>", b"\xff\xfe"][start];
        for format in [Format::Text, Format::Html, Format::JsonLines, Format::Csv, Format::Tsv] {
            let told = told([start, &bytes].concat(), format);
            prop_assert!(format == Format::JsonLines || !told.is_empty());
        }
    }

    #[test]
    fn given_spans_cut_what_python_cuts(text in "\\PC{1,80}", a in 0usize..80, b in 0usize..80) {
        let points: Vec<char> = text.chars().collect();
        let line = serde_json::json!({ "text": text, "actors": [{ "start": a, "end": b }] }).to_string();
        let cut: Option<String> = points.get(a..b.max(a)).map(|c| c.iter().collect());
        let found = documents(line, Format::JsonLines);
        match cut.filter(|c| !c.trim().is_empty()) {
            Some(cut) => prop_assert_eq!(found[0].actors.as_ref().unwrap()[0].mentions[0].of(&text), cut),
            None => prop_assert!(found.is_empty()),
        }
    }

    #[test]
    fn rows_survive_a_round_trip(cells in proptest::collection::vec("[a-c\"\n\r,; é]{0,12}", 1..6)) {
        let quoted = |c: &String| format!("x,\"{}\"\r\n", c.replace('"', "\"\""));
        let table = format!("id,text\r\n{}", cells.iter().map(quoted).collect::<String>());
        let kept: Vec<&String> = cells.iter().filter(|c| !c.trim().is_empty()).collect();
        let found = documents(table, Format::Csv);
        prop_assert_eq!(found.iter().map(|d| &d.text).collect::<Vec<_>>(), kept);
    }
}

#[cfg(feature = "parquet")]
mod parquet {
    use super::*;
    use ::parquet::data_type::{ByteArray, ByteArrayType, Int64Type};
    use ::parquet::file::{properties::WriterProperties, writer::SerializedFileWriter};
    use ::parquet::schema::parser::parse_message_type;
    use std::sync::Arc;

    /// A file of two rows: `text` and `stars`, and `title` in the first row only.
    fn file(name: &str, text: &str) -> (tempfile::TempDir, String) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(name).to_str().unwrap().to_owned();
        let schema =
            format!("message m {{ required binary {text}; optional binary title (UTF8); required int64 stars; }}");
        let schema = Arc::new(parse_message_type(&schema).unwrap());
        let out = File::create(&path).unwrap();
        let mut file = SerializedFileWriter::new(out, schema, Arc::new(WriterProperties::builder().build())).unwrap();
        let mut rows = file.next_row_group().unwrap();
        let bytes = |s: &str| ByteArray::from(s.as_bytes().to_vec());
        let mut column = rows.next_column().unwrap().unwrap();
        column.typed::<ByteArrayType>().write_batch(&[bytes("Çin"), bytes("Iran")], None, None).unwrap();
        column.close().unwrap();
        let mut column = rows.next_column().unwrap().unwrap();
        column.typed::<ByteArrayType>().write_batch(&[bytes("T")], Some(&[1, 0]), None).unwrap();
        column.close().unwrap();
        let mut column = rows.next_column().unwrap().unwrap();
        column.typed::<Int64Type>().write_batch(&[5, 6], None, None).unwrap();
        column.close().unwrap();
        rows.close().unwrap();
        file.close().unwrap();
        (dir, path)
    }

    fn read(path: &str) -> Vec<Event> {
        open(&[path.to_owned()], Options::default()).unwrap().collect()
    }

    #[test]
    fn rows_are_documents() {
        let (_dir, path) = file("a.parquet", "text");
        let events = read(&path);
        let [Event::Document(one), Event::Document(two)] = &events[..] else { panic!("{events:?}") };
        assert_eq!((one.id.as_str(), one.text.as_str(), one.title.as_deref()), ("a.parquet:1", "Çin", Some("T")));
        assert_eq!((two.text.as_str(), two.title.as_ref(), two.meta["stars"].as_i64()), ("Iran", None, Some(6)));
    }

    #[test]
    fn damage_is_told() {
        let (_dir, path) = file("b.parquet", "body");
        expect(
            &read(&path).into_iter().map(short).collect::<Vec<_>>(),
            &["no field `text`; the fields are `body`, `title`, `stars`"],
        );
        let (_dir, path) = file("c.parquet", "text");
        let whole = std::fs::read(&path).unwrap();
        // Every single damaged byte gives rows or a reason, never a panic that leaves the reader.
        let quiet = std::panic::take_hook();
        std::panic::set_hook(Box::new(|_| {}));
        for at in 0..whole.len() {
            let mut damaged = whole.clone();
            damaged[at] ^= 0xff;
            std::fs::write(&path, damaged).unwrap();
            assert!(!read(&path).is_empty());
        }
        std::panic::set_hook(quiet);
        std::fs::write(&path, &whole[..whole.len() / 2]).unwrap();
        expect(&read(&path).into_iter().map(short).collect::<Vec<_>>(), &["not a readable Parquet file"]);
        std::fs::write(&path, "").unwrap();
        expect(&read(&path).into_iter().map(short).collect::<Vec<_>>(), &["the file is empty"]);
    }
}
