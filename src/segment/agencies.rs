//! News and picture agencies, as they sign photographs and datelines: a list of the trade, not of any corpus.

/// News agencies and broadcasters, then those that sell pictures, by name; `|` between them.
const AGENCIES: &str = "\
    AA|AAP|ABC|AFP|Agence France-Presse|Agerpres|AKI|AKIpress|Al Jazeera|Anadolu|Anadolu Agency|ANI|ANP|ANSA|Antara|\
    AP|APA|Armenpress|Associated Press|Azertac|BBC|Belga|BelTA|Bernama|Bloomberg|BNS|BTA|Canadian Press|CBS|CNA|CNN|\
    CP|CTK|dpa|EFE|EPA|EPA-EFE|Fars|Fars News|Fox News|Hina|IANS|INA|Interfax|IRNA|ISNA|Kazinform|KCNA|Kyodo|\
    Kyodo News|LETA|LUSA|Mehr|MENA|MTI|NBC|NHK|NTB|PA|PA Media|PAP|Prensa Latina|PTI|QNA|Reuters|RFE/RL|RIA Novosti|\
    SANA|SPA|Sputnik|Tanjug|Tasnim|TASS|Ukrinform|UNB|UPI|VOA|WAM|Xinhua|Yonhap|\
    Alamy|Corbis|Flickr|Getty|Getty Images|Handout|Imago|iStock|Magnum|Maxppp|NurPhoto|picture alliance|Polaris|Pool|\
    Redux|Rex|Rex Features|Shutterstock|Sipa|Sipa USA|Unsplash|Wikimedia Commons|WPA|Zuma Press";

/// All of them, as listed and in capitals, as an alternation for a regular expression. (Matching without regard to case
/// would make the expressions many times larger.) Longest first, so that the longest name is matched.
pub(super) fn pattern() -> String {
    let mut names: Vec<String> = AGENCIES.split('|').flat_map(|name| [name.to_owned(), name.to_uppercase()]).collect();
    names.sort_by(|a, b| b.len().cmp(&a.len()).then(a.cmp(b)));
    names.dedup();
    names.join("|")
}
