//! Stable ids.

/// Letters without their marks, so that one spelling finds the other; ASCII is returned as it is.
pub(crate) fn fold(s: &str) -> String {
    if s.is_ascii() {
        return s.to_owned();
    }
    let mut out = String::with_capacity(s.len());
    for c in s.chars() {
        let plain = match c {
            'á' | 'à' | 'â' | 'ä' | 'ã' | 'å' | 'ā' | 'ă' | 'ą' => "a",
            'Á' | 'À' | 'Â' | 'Ä' | 'Ã' | 'Å' | 'Ā' => "A",
            'é' | 'è' | 'ê' | 'ë' | 'ē' | 'ė' | 'ę' | 'ě' => "e",
            'É' | 'È' | 'Ê' | 'Ë' => "E",
            'í' | 'ì' | 'î' | 'ï' | 'ī' | 'ı' => "i",
            'Í' | 'İ' | 'Î' => "I",
            'ó' | 'ò' | 'ô' | 'ö' | 'õ' | 'ø' | 'ō' | 'ő' => "o",
            'Ó' | 'Ö' | 'Ø' | 'Ō' | 'Ô' => "O",
            'ú' | 'ù' | 'û' | 'ü' | 'ū' | 'ů' | 'ű' => "u",
            'Ú' | 'Ü' | 'Ū' => "U",
            'ç' | 'ć' | 'č' => "c",
            'Ç' | 'Ć' | 'Č' => "C",
            'ñ' | 'ń' | 'ň' => "n",
            'Ñ' => "N",
            'š' | 'ś' | 'ş' | 'ș' => "s",
            'Š' | 'Ś' | 'Ş' | 'Ș' => "S",
            'ž' | 'ź' | 'ż' => "z",
            'Ž' | 'Ź' | 'Ż' => "Z",
            'ý' | 'ÿ' => "y",
            'ł' => "l",
            'Ł' => "L",
            'đ' | 'ď' => "d",
            'Đ' => "D",
            'ğ' => "g",
            'Ğ' => "G",
            'ř' => "r",
            'ţ' | 'ț' | 'ť' => "t",
            'ß' => "ss",
            'æ' => "ae",
            '’' | '‘' => "'",
            c => {
                out.push(c);
                continue;
            }
        };
        out.push_str(plain);
    }
    out
}

/// `Wang Yi` → `wang-yi`.
pub(crate) fn slug(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for c in fold(name).chars() {
        if c.is_alphanumeric() {
            out.extend(c.to_lowercase());
        } else if c != '\'' && !out.ends_with('-') && !out.is_empty() {
            out.push('-');
        }
    }
    while out.ends_with('-') {
        out.pop();
    }
    out
}

/// `CHN` and `Wang Yi` → `CHN:wang-yi`.
pub(crate) fn id(code: &str, name: &str) -> String {
    format!("{code}:{}", slug(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_plain() {
        assert_eq!(id("CHN", "Wang Yi"), "CHN:wang-yi");
        assert_eq!(id("UKR", "Péter O’Neill-Çelik "), "UKR:peter-oneill-celik");
        assert_eq!(slug("***"), "");
    }
}
