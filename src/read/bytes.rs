//! From bytes to text: byte order marks, guessed encodings, what is binary, and reading no more than the limit.

use super::{Options, lost, size};
use crate::error::{Error, Origin};
use encoding_rs::{Encoding, UTF_8, WINDOWS_1252};
use encoding_rs_io::DecodeReaderBytesBuilder;
use std::io::{BufRead, BufReader, Cursor, ErrorKind, Read};

/// How much of a stream is looked at to tell what it is, at most.
const START: usize = 1 << 13;

/// A buffered reader of lines or rows, and the start of what it will give: its first line, if that is not longer than
/// 8 KiB. UTF-16 with a byte order mark becomes UTF-8, UTF-8's mark is dropped, and all else is left.
///
/// # Errors
/// The system's, and streams that are empty.
pub(super) fn buffered(
    reader: impl Read + Send + 'static,
    path: &str,
) -> Result<(Box<dyn BufRead + Send>, Vec<u8>), Error> {
    let mut decoded =
        DecodeReaderBytesBuilder::new().bom_sniffing(true).utf8_passthru(true).strip_bom(true).build(reader);
    let (mut start, mut part) = (Vec::new(), [0; 1024]);
    // Not a byte more is waited for, as standard input may come line by line.
    while start.len() < START && !start.contains(&b'\n') {
        match decoded.read(&mut part) {
            Ok(0) => break,
            Ok(read) => start.extend_from_slice(&part[..read]),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(Error::io(path, error)),
        }
    }
    if start.is_empty() {
        return Err(lost(Origin::file(path), "the file is empty"));
    }
    let whole = Cursor::new(start.clone()).chain(decoded);
    let line = start.iter().position(|b| *b == b'\n').unwrap_or(start.len());
    start.truncate(line);
    Ok((Box::new(BufReader::with_capacity(1 << 16, whole)), start))
}

/// A whole stream of at most the limit, or why it is skipped.
pub(super) fn whole(reader: impl Read, path: &str, options: &Options) -> Result<Vec<u8>, Error> {
    let limit = options.max_record_bytes;
    let mut bytes = Vec::new();
    let at = Origin::file(path);
    match reader.take(limit as u64 + 1).read_to_end(&mut bytes) {
        Err(error) => Err(Error::io(path, error)),
        Ok(_) if bytes.len() > limit => {
            Err(lost(at, format!("longer than the limit of {} for one document", size(limit))))
        }
        Ok(_) if bytes.is_empty() => Err(lost(at, "the file is empty")),
        Ok(_) => Ok(bytes),
    }
}

/// Text from bytes, with what was guessed or replaced, or why they are no text.
///
/// A byte order mark decides; then UTF-8; then `declared`, the encoding that the input names; then a guess.
pub(super) fn decode(bytes: Vec<u8>, declared: Option<&'static Encoding>) -> Result<(String, Option<String>), String> {
    if let Some((encoding, mark)) = Encoding::for_bom(&bytes) {
        let (text, damaged) = encoding.decode_without_bom_handling(&bytes[mark..]);
        let notice = damaged.then(|| format!("bytes that are not {} were replaced by U+FFFD", encoding.name()));
        return Ok((text.into_owned(), notice));
    }
    if let Some(reason) = binary(&bytes) {
        return Err(reason);
    }
    let bytes = match String::from_utf8(bytes) {
        Ok(text) => return Ok((text, None)),
        Err(error) => error.into_bytes(),
    };
    if let Some(encoding) = declared.filter(|e| *e != UTF_8) {
        let (text, damaged) = encoding.decode_without_bom_handling(&bytes);
        let notice = damaged.then(|| format!("bytes that are not {} were replaced by U+FFFD", encoding.name()));
        return Ok((text.into_owned(), notice));
    }
    // UTF-8 with a few damaged bytes still shows many whole characters of two bytes and more; Windows-1252 hardly any.
    let (mut sound, mut damaged) = (0usize, 0usize);
    for chunk in bytes.utf8_chunks() {
        sound += chunk.valid().chars().filter(|c| !c.is_ascii()).count();
        damaged += usize::from(!chunk.invalid().is_empty());
    }
    if sound > damaged {
        let notice = format!("not wholly UTF-8: {damaged} damaged places were replaced by U+FFFD");
        return Ok((String::from_utf8_lossy(&bytes).into_owned(), Some(notice)));
    }
    let controls = bytes.iter().filter(|b| **b < 32 && !b.is_ascii_whitespace()).count();
    if controls * 50 > bytes.len() {
        return Err("binary, not text (it is no UTF-8 and has many control characters)".into());
    }
    let (text, _) = WINDOWS_1252.decode_without_bom_handling(&bytes);
    Ok((text.into_owned(), Some("not UTF-8: read as Windows-1252 (Latin-1), which is a guess".into())))
}

/// Why these bytes, the start of an input, can be no text.
pub(super) fn binary(bytes: &[u8]) -> Option<String> {
    const MAGIC: [(&[u8], &str); 5] = [
        (b"%PDF-", "a PDF: save it as text first"),
        (b"PK\x03\x04", "a zip archive or office document: unpack it or save it as text first"),
        (b"\x1f\x8b", "gzip-compressed: unpack it first"),
        (b"\x28\xb5\x2f\xfd", "zstd-compressed: unpack it first"),
        (b"PAR1", "a Parquet file: its name should end in .parquet"),
    ];
    if let Some((_, what)) = MAGIC.iter().find(|(magic, _)| bytes.starts_with(magic)) {
        return Some(format!("this is {what}"));
    }
    let nul = bytes.iter().position(|b| *b == 0)?;
    Some(format!("binary, not text (a NUL byte at offset {nul}); UTF-16 needs its byte order mark"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_decide() {
        let utf16: Vec<u8> = b"\xff\xfeA\x00\xe9\x00".to_vec();
        assert_eq!(decode(utf16, None).unwrap(), ("Aé".into(), None));
        assert_eq!(decode(b"\xfe\xff\x00A".to_vec(), None).unwrap(), ("A".into(), None));
        assert_eq!(decode(b"\xef\xbb\xbfA".to_vec(), None).unwrap(), ("A".into(), None));
    }

    #[test]
    fn guesses_are_told() {
        let (text, notice) = decode(b"Z\xfcrich \x96 \x93no\x94".to_vec(), None).unwrap();
        assert_eq!(text, "Zürich – “no”");
        assert!(notice.unwrap().contains("guess"));
        let (text, notice) = decode(b"caf\xc3\xa9 \xc3\xbc \xff".to_vec(), None).unwrap();
        assert_eq!(text, "café ü \u{fffd}");
        assert!(notice.unwrap().contains("1 damaged"));
    }

    #[test]
    fn declared_beats_the_guess_but_not_utf8() {
        let cyrillic = encoding_rs::WINDOWS_1251;
        let (text, notice) = decode(b"\xcc\xce\xd1\xca\xc2\xc0".to_vec(), Some(cyrillic)).unwrap();
        assert_eq!((text.as_str(), notice), ("МОСКВА", None));
        assert_eq!(decode("Ł".into(), Some(cyrillic)).unwrap().0, "Ł");
    }

    #[test]
    fn binary_is_refused() {
        assert!(decode(b"ab\0c".to_vec(), None).unwrap_err().contains("offset 2"));
        assert!(decode(b"%PDF-1.7 \xe2".to_vec(), None).unwrap_err().contains("PDF"));
        assert!(decode((128..=255).chain(0x0e..0x1f).cycle().take(900).collect(), None).is_err());
    }
}
