//! Class lists to begin a study with, by organ.

use std::sync::LazyLock;

use serde::Deserialize;

use crate::label::ClassTable;

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClassPreset {
    pub name: String,
    /// Part of the body, for grouping; presets of one region stand together.
    pub region: String,
    /// Whose numbers these are; may be empty.
    #[serde(default)]
    pub note: String,
    /// Background and the classes, shown from the top as they are listed.
    pub classes: ClassTable,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Presets {
    presets: Vec<ClassPreset>,
}

impl ClassPreset {
    /// All that come with the program, head first.
    pub fn all() -> &'static [Self] {
        static PRESETS: LazyLock<Vec<ClassPreset>> = LazyLock::new(|| {
            // A test reads the same text, so nothing is lost here without being noticed.
            read(include_str!("../../assets/class_presets.toml")).unwrap_or_default()
        });
        &PRESETS
    }
}

fn read(text: &str) -> Result<Vec<ClassPreset>, toml::de::Error> {
    Ok(toml::from_str::<Presets>(text)?.presets)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::label::Class;
    use crate::label::colour_difference::{Eye, least_difference};

    fn foreground(preset: &ClassPreset) -> Vec<&Class> {
        preset.classes.in_order().filter(|c| c.id != 0).collect()
    }

    #[test]
    fn all_presets_are_read_and_a_wrong_one_is_noticed() {
        let text = include_str!("../../assets/class_presets.toml");
        let read_all = read(text).unwrap();
        assert_eq!(read_all, ClassPreset::all());
        assert_eq!(read_all.len(), text.matches("[[presets]]").count());
        assert!(read(&text.replacen("id = 2", "id = 1", 1)).is_err());
        assert!(read(&text.replacen("region", "regoin", 1)).is_err());
    }

    #[test]
    fn presets_have_names_of_their_own_and_stand_together_by_region() {
        let mut names = HashSet::new();
        let mut regions: Vec<&str> = Vec::new();
        for preset in ClassPreset::all() {
            assert!(!preset.name.trim().is_empty() && !preset.region.trim().is_empty());
            assert!(names.insert(preset.name.to_lowercase()), "{} is there twice", preset.name);
            if regions.last() != Some(&preset.region.as_str()) {
                assert!(!regions.contains(&preset.region.as_str()), "{} is split", preset.region);
                regions.push(&preset.region);
            }
        }
    }

    #[test]
    fn classes_of_a_preset_have_names_and_colours_of_their_own() {
        for preset in ClassPreset::all() {
            let classes = foreground(preset);
            assert!(!classes.is_empty(), "{} is empty", preset.name);
            let names: HashSet<String> = classes.iter().map(|c| c.name.to_lowercase()).collect();
            assert_eq!(names.len(), classes.len(), "{}: two classes of one name", preset.name);
            let colours: Vec<_> = preset.classes.all().iter().map(|c| c.colour).collect();
            let found = least_difference(Eye::Trichromat, &colours);
            assert!(found > 26.0, "{}: {found}", preset.name);
            let least = if classes.len() <= 8 { 11.0 } else { 9.0 };
            let colours: Vec<_> = classes.iter().map(|c| c.colour).collect();
            let found = least_difference(Eye::Deuteranope, &colours);
            assert!(found > least, "{} for a deuteranope: {found}", preset.name);
        }
    }

    #[test]
    fn classes_are_visible_opaque_unlocked_and_not_started() {
        for class in ClassPreset::all().iter().flat_map(foreground) {
            let plain = Class { colour: class.colour, ..Class::new(class.id, &class.name) };
            assert_eq!(*class, plain);
        }
    }
}
