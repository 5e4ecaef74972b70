//! The names of states by form, for putting one state's name in another's place.

use super::entry::Form;
use super::gazetteer::Gazetteer;
use crate::data::{ActorType, Span};

/// In which form a state is named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StateForm {
    /// "Norway".
    Name,
    /// "Norwegian".
    Adjective,
    /// "Norwegians".
    People,
    /// "Oslo", and streets and palaces that stand for the government.
    Capital,
}

/// A state's name in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StateName {
    /// Bytes into the text.
    pub span: Span,
    /// ISO 3166-1 alpha-3.
    pub code: String,
    /// Its form.
    pub form: StateForm,
}

impl StateForm {
    fn of(form: Form) -> Option<Self> {
        Some(match form {
            Form::Name | Form::Alias => StateForm::Name,
            Form::Adjective => StateForm::Adjective,
            Form::People => StateForm::People,
            Form::Capital | Form::Metonym => StateForm::Capital,
            Form::Surname => return None,
        })
    }

    /// The form for a state of which nothing is known but a letter.
    pub fn anonymous(self, letter: &str) -> String {
        match self {
            StateForm::Name | StateForm::Adjective => format!("Country {letter}"),
            StateForm::People => format!("people of Country {letter}"),
            StateForm::Capital => format!("{letter} City"),
        }
    }
}

impl Gazetteer {
    /// Names of states in `text`, left to right.
    pub fn state_names(&self, text: &str) -> Vec<StateName> {
        let name = |hit: &super::matcher::Hit| {
            let (i, form) = *self.uses(*hit).first()?;
            let e = self.entry(i);
            let form = StateForm::of(form).filter(|_| e.kind == ActorType::State)?;
            Some(StateName { span: hit.span, code: e.code.clone(), form })
        };
        self.hits(text).iter().filter_map(name).collect()
    }

    /// How the state of this code is named in this form.
    pub fn state_word(&self, code: &str, form: StateForm) -> Option<String> {
        let state = |i: u32| {
            let e = self.entry(i);
            e.kind == ActorType::State && e.code == code && e.to.is_empty()
        };
        if form == StateForm::Name {
            return self.by_id(code).filter(|e| e.kind == ActorType::State).map(|e| e.name.clone());
        }
        // Of several, the one that comes first in the tables; capitals before metonyms.
        let wanted = |f: Form| match form {
            StateForm::Name => false,
            StateForm::Adjective => f == Form::Adjective,
            StateForm::People => f == Form::People,
            StateForm::Capital => f == Form::Capital,
        };
        self.names().find(|(_, uses)| uses.iter().any(|&(i, f)| wanted(f) && state(i))).map(|(n, _)| n.to_string())
    }

    /// Codes of the states that are there today and are known in every form.
    pub fn full_states(&self) -> Vec<String> {
        let forms = [StateForm::Adjective, StateForm::People, StateForm::Capital];
        let mut seen: std::collections::BTreeMap<&str, [bool; 3]> = std::collections::BTreeMap::new();
        for (i, form) in self.names().flat_map(|(_, uses)| uses) {
            let e = self.entry(*i);
            if let Some(at) = StateForm::of(*form).and_then(|f| forms.iter().position(|g| *g == f))
                && e.kind == ActorType::State
                && e.to.is_empty()
            {
                seen.entry(&e.code).or_default()[at] = true;
            }
        }
        seen.into_iter().filter(|(_, all)| *all == [true; 3]).map(|(c, _)| c.to_string()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_are_known_in_every_form() {
        let g = Gazetteer::shipped().unwrap();
        let all = g.full_states();
        assert!(all.len() > 130 && all.iter().any(|c| c == "NOR"), "{}", all.len());
        for (form, word) in [
            (StateForm::Name, "Norway"),
            (StateForm::Adjective, "Norwegian"),
            (StateForm::People, "Norwegians"),
            (StateForm::Capital, "Oslo"),
        ] {
            assert_eq!(g.state_word("NOR", form).as_deref(), Some(word));
            let found = g.state_names(&format!("What {word} said"));
            assert_eq!(found.first().map(|n| (n.code.as_str(), n.form)), Some(("NOR", form)));
        }
        assert_eq!(g.state_names("Wang Yi met nobody"), []);
    }
}
