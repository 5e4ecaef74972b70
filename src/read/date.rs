//! ISO 8601 dates, as far as documents need them: a day, month or year that resolves office-holders.

/// The date of `written`, without its time of day: `YYYY`, `YYYY-MM` or `YYYY-MM-DD`; `None` where it is no ISO 8601
/// calendar date. A time may follow after `T` or a space; its zone is not applied. `YYYYMMDD` is written with hyphens.
pub(super) fn iso(written: &str) -> Option<String> {
    let written = written.trim();
    let (date, time) = match written.find(['T', ' ']) {
        Some(at) => (&written[..at], Some(&written[at + 1..])),
        None => (written, None),
    };
    let digits = |s: &str, n: usize| (s.len() == n && s.bytes().all(|b| b.is_ascii_digit())).then(|| s.to_owned());
    let mut parts: Vec<String> = Vec::new();
    if let Some(basic) = digits(date, 8) {
        parts.extend([basic[..4].to_owned(), basic[4..6].to_owned(), basic[6..].to_owned()]);
    } else {
        for (i, part) in date.split('-').enumerate() {
            parts.push(digits(part, if i == 0 { 4 } else { 2 })?);
        }
    }
    let number = |i: usize| parts.get(i).and_then(|p| p.parse::<u32>().ok());
    let (year, month, day) = (number(0)?, number(1), number(2));
    let sound = parts.len() <= 3
        && year > 0
        && month.is_none_or(|m| (1..=12).contains(&m))
        && day.is_none_or(|d| d >= 1 && d <= days(year, month.unwrap_or(1)))
        && time.is_none_or(|t| day.is_some() && is_time(t));
    sound.then(|| parts.join("-"))
}

fn days(year: u32, month: u32) -> u32 {
    match month {
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Whether this can be a time of day with its zone: it starts with an hour, and has nothing but their characters.
fn is_time(time: &str) -> bool {
    let hour = time.get(..2).and_then(|h| h.parse::<u32>().ok());
    hour.is_some_and(|h| h <= 24) && time.bytes().all(|b| b.is_ascii_digit() || b"UTCZ:.,+- ".contains(&b))
}

#[cfg(test)]
mod tests {
    use super::iso;

    #[test]
    fn iso_dates_are_kept_without_their_time() {
        for (written, kept) in [
            ("2020", "2020"),
            ("2020-05", "2020-05"),
            ("2020-05-25", "2020-05-25"),
            (" 2020-02-29T10:14:00Z", "2020-02-29"),
            ("2020-05-25T23:59:59.123+02:00", "2020-05-25"),
            ("2020-05-25 10:14:00", "2020-05-25"),
            ("2020-05-25 00:00:00 +00:00", "2020-05-25"),
            ("2020-05-25 10:14 UTC", "2020-05-25"),
            ("20200525", "2020-05-25"),
        ] {
            assert_eq!(iso(written).as_deref(), Some(kept), "{written}");
        }
    }

    #[test]
    fn everything_else_is_no_date() {
        for written in [
            "",
            "May 25, 2020",
            "25-05-2020",
            "2020-13",
            "2019-02-29",
            "2020-05-25 May",
            "2020-5-1",
            "2020-05-25T",
            "0000",
            "２０２０",
            "2020-W21-1",
            "2020-05-25-01",
            "202005",
        ] {
            assert_eq!(iso(written), None, "{written}");
        }
    }
}
