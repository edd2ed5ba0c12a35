use proptest::prelude::*;

use super::*;
use crate::label::{Class, ClassTable};

fn read(text: &str) -> ReadClasses {
    ReadClasses::of_text(text).unwrap()
}

fn refused(text: &str) -> ClassFileError {
    ReadClasses::of_text(text).unwrap_err()
}

fn named(read: &ReadClasses) -> Vec<(u8, &str)> {
    read.classes.iter().map(|c| (c.id, c.name.as_str())).collect()
}

fn class(id: u8, name: &str, colour: [u8; 3]) -> Class {
    Class { colour, ..Class::new(id, name) }
}

mod itk_snap {
    use super::*;

    /// As ITK-SNAP 4 saves it.
    const SAVED: &str = "################################################
# ITK-SnAP Label Description File
# File format:\x20
# IDX   -R-  -G-  -B-  -A--  VIS MSH  LABEL
# Fields:\x20
#    IDX:   Zero-based index\x20
#    -R-:   Red color component (0..255)
#    -G-:   Green color component (0..255)
#    -B-:   Blue color component (0..255)
#    -A-:   Label transparency (0.00 .. 1.00)
#    VIS:   Label visibility (0 or 1)
#    IDX:   Label mesh visibility (0 or 1)
#  LABEL:   Label description\x20
################################################
    0     0    0    0        0  0  0    \"Clear Label\"
    1   255    0    0        1  1  1    \"Left hippocampus, head\"
  200     0   64  128      0.5  0  0    \"Tail #2\"
";

    #[test]
    fn a_saved_file_is_read_and_written_again_letter_by_letter() {
        let read = read(SAVED);
        let (head, tail) = (&read.classes[0], &read.classes[1]);
        assert_eq!(*head, class(1, "Left hippocampus, head", [255, 0, 0]));
        assert_eq!((tail.id, tail.colour, tail.opacity, tail.visible), (200, [0, 64, 128], 0.5, false));
        assert_eq!((read.format, read.warnings.len()), (ClassFileFormat::ItkSnap, 0));
        assert_eq!(ClassFileFormat::ItkSnap.write(&read.classes), SAVED);
    }

    #[test]
    fn lines_written_by_hand_are_read_with_tabs_without_quotes_and_without_a_heading() {
        let text = "\u{feff}7\t10\t20\t30\t1\t1\t0\tgrey matter\r\n\n  # mine\n 9 1 2 3 .25 1 1  \"not closed";
        let read = read(text);
        assert_eq!(named(&read), [(7, "grey matter"), (9, "not closed")]);
        assert_eq!(read.classes[1].opacity, 0.25);
    }

    #[test]
    fn opacities_of_255_are_understood_with_a_warning() {
        let read = read("# ITK-SNAP Label Description File\n1 255 0 0 255 1 1 \"a\"\n2 0 255 0 51 1 1 \"b\"\n");
        assert_eq!(read.classes.iter().map(|c| c.opacity).collect::<Vec<_>>(), [1.0, 0.2]);
        assert_eq!(read.warnings.len(), 1);
    }

    #[test]
    fn a_wrong_line_is_named_with_its_number_and_reason() {
        let at_line_3 = |line: &str| refused(&format!("# ITK-SnAP Label Description File\n\n{line}\n"));
        assert!(matches!(at_line_3("1 2 3"), ClassFileError::TooFewValues { line: 3, .. }));
        assert!(matches!(at_line_3("x 0 0 0 1 1 1 \"a\""), ClassFileError::Value { line: 3, .. }));
        assert!(matches!(at_line_3("-1 0 0 0 1 1 1 \"a\""), ClassFileError::Value { line: 3, .. }));
        let text = at_line_3("1 0 300 0 1 1 1 \"a\"").to_string();
        assert_eq!(text, "line 3: a colour is '300', which is no number from 0 to 255");
        assert!(at_line_3("1 0 0 0 nan 1 1 \"a\"").to_string().contains("opacity"));
        assert!(at_line_3("1 0 0 0 1 yes 1 \"a\"").to_string().contains("visibility"));
        for number in ["256", "99999999999999999999999999"] {
            let text = at_line_3(&format!("{number} 0 0 0 1 1 1 \"a\"")).to_string();
            assert!(text.starts_with(&format!("line 3: class number {number} is above 255")), "{text}");
        }
        let twice = at_line_3("4 0 0 0 1 1 1 \"a\"\n4 0 0 0 1 1 1 \"b\"");
        assert_eq!(twice, ClassFileError::ListedTwice { line: 4, first: 3, number: 4 });
    }
}

mod slicer_table {
    use super::*;

    #[test]
    fn a_table_is_read_with_spaces_for_underscores_and_without_background_and_unnamed_numbers() {
        let text = "# Color table file C:/Users/a/Segmentation-label_ColorTable.ctbl\n# 5 values\n\
                    0 Background 0 0 0 0\n1 artery 216 101 79 255\n2 (none) 0 0 0 0\n\
                    3 connective_tissue 111 184.4 210 51\n4 'bone' 241 214 145 255\n";
        let read = read(text);
        assert_eq!(named(&read), [(1, "artery"), (3, "connective tissue"), (4, "bone")]);
        assert_eq!((read.classes[1].colour, read.classes[1].opacity), ([111, 184, 210], 0.2));
        assert_eq!((read.format, read.warnings.len()), (ClassFileFormat::SlicerTable, 0));
    }

    #[test]
    fn names_with_spaces_and_lines_without_opacity_are_read_too() {
        let read = read("1 left kidney 10 20 30 255\n2 spleen 40 50 60\n");
        assert_eq!(named(&read), [(1, "left kidney"), (2, "spleen")]);
        assert_eq!((read.classes[1].colour, read.classes[1].opacity), ([40, 50, 60], 1.0));
    }

    #[test]
    fn what_is_written_is_what_slicer_expects() {
        let classes = [Class::new(0, "nothing"), class(3, "Left  lung", [1, 2, 3]), class(1, "a", [255, 0, 9])];
        let text = ClassFileFormat::SlicerTable.write(&classes);
        assert_eq!(
            text,
            "# Color table file\n# 4 values\n0 Background 0 0 0 0\n3 Left__lung 1 2 3 255\n1 a 255 0 9 255\n"
        );
    }

    #[test]
    fn a_table_of_freesurfer_whose_last_column_is_transparency_is_shown_opaque() {
        let read = read("#No. Label Name:   R G B A\n\n0 Unknown 0 0 0 0\n17 Left-Hippocampus 220 216 20 0\n");
        assert_eq!((read.classes[0].opacity, read.warnings.len()), (1.0, 1));
    }

    #[test]
    fn scales_short_lines_and_colours_that_are_none_are_refused() {
        let scale = "# Color procedural file /a.txt\n# 2 points\n0 0 0 0\n255 1 1 1\n";
        assert_eq!(refused(scale), ClassFileError::ContinuousScale { line: 1 });
        let short = refused("# Color table file\n1 bone 241\n");
        assert!(matches!(short, ClassFileError::TooFewValues { line: 2, .. }));
        assert!(matches!(refused("# Color table file\n1 b c d e f\n"), ClassFileError::Value { line: 2, .. }));
        assert!(matches!(refused("300 b 1 2 3 4"), ClassFileError::NumberTooLarge { line: 1, .. }));
        assert_eq!(refused("# Color table file\n0 Background 0 0 0 0\n"), ClassFileError::Empty);
    }

    #[test]
    fn colours_counted_from_0_to_1_are_warned_of() {
        assert_eq!(read("1 a 0.5 1 0 255").warnings.len(), 1);
    }
}

mod slicer_csv {
    use super::*;

    const HEADER: &str = "LabelValue,Name,Color_R,Color_G,Color_B,Color_A,Category_CodingScheme,Category_CodeValue,\
                          Category_CodeMeaning,Type_CodingScheme,Type_CodeValue,Type_CodeMeaning,\
                          TypeModifier_CodingScheme,TypeModifier_CodeValue,TypeModifier_CodeMeaning";

    #[test]
    fn a_table_with_terminology_is_read_and_a_missing_name_is_made_of_its_words() {
        let rows = "5,right_kidney,185,102,83,255,SCT,1,Anatomical Structure,SCT,2,Kidney,SCT,3,Right\n\
                    1,,1,2,3,51,SCT,1,Anatomical Structure,SCT,2,Kidney,SCT,3,Left\n";
        let read = read(&format!("{HEADER}\n{rows}"));
        assert_eq!(named(&read), [(5, "right_kidney"), (1, "Left Kidney")]);
        assert_eq!((read.classes[1].colour, read.classes[1].opacity), ([1, 2, 3], 0.2));
        assert_eq!((read.format, read.warnings.len()), (ClassFileFormat::SlicerCsv, 0));
    }

    #[test]
    fn tabs_semicolons_quotes_and_any_order_of_columns_are_read() {
        for separator in ["\t", ";", ","] {
            let text = "\u{feff}Name|labelvalue|\"Color_B\"|Color_G|Color_R\r\n\"a\"\"b, c; d\te\"|3|1|2|3\r\n||||\r\n";
            let read = read(&text.replace('|', separator));
            assert_eq!(read.classes, [class(3, "a\"b, c; d\te", [3, 2, 1])], "{separator:?}");
        }
    }

    #[test]
    fn only_the_number_must_be_there() {
        let read = read("LabelValue,Name\n4,\n,lost\n5,kept\n");
        assert_eq!(read.classes, [Class::new(4, "Class 4"), Class::new(5, "kept")]);
        assert_eq!(read.warnings.len(), 2);
    }

    #[test]
    fn a_wrong_row_is_named_with_its_line() {
        let at_line_3 = |row: &str| refused(&format!("LabelValue,Name,Color_R,Color_G,Color_B\n\n{row}\n"));
        assert!(matches!(at_line_3("256,a,1,2,3"), ClassFileError::NumberTooLarge { line: 3, .. }));
        assert!(matches!(at_line_3("1.5,a,1,2,3"), ClassFileError::Value { line: 3, .. }));
        assert!(matches!(at_line_3("1,a,1,2,-3"), ClassFileError::Value { line: 3, .. }));
        assert_eq!(at_line_3("1,\"a,1,2,3"), ClassFileError::OpenQuotation { line: 3 });
        let headless = ClassFileFormat::SlicerCsv.read("Number,Name\n1,a\n").unwrap_err();
        assert_eq!(headless, ClassFileError::NoNumberColumn { line: 1 });
    }

    #[test]
    fn names_with_separators_are_quoted() {
        let text = ClassFileFormat::SlicerCsv.write(&[class(2, "Kidney, \"left\"", [7, 8, 9])]);
        assert_eq!(text, "LabelValue,Name,Color_R,Color_G,Color_B,Color_A\n2,\"Kidney, 'left'\",7,8,9,255\n");
    }
}

#[test]
fn a_text_of_another_kind_is_of_no_format() {
    for text in ["", "\n\n", "# only a remark", "anterior\nposterior", "17 left hippocampus\n53 right", "17,left", "{}"]
    {
        assert_eq!(ClassFileFormat::guess(text), None, "{text:?}");
        assert_eq!(refused(text), ClassFileError::UnknownFormat, "{text:?}");
    }
}

#[test]
fn classes_of_one_name_are_warned_of() {
    let read = read("1 Left 1 2 3 255\n2 left 4 5 6 255\n");
    assert_eq!(read.warnings, ["Classes 1 and 2 are both called left."]);
}

#[test]
fn the_order_of_a_file_is_the_order_in_which_its_classes_are_shown() {
    let read = read("9 nine 1 2 3 255\n2 two 4 5 6 255\n5 five 7 8 9 255\n");
    let table = ClassTable::listed(read.classes).unwrap();
    assert_eq!(table.in_order().map(|c| c.id).collect::<Vec<_>>(), [9, 2, 5, 0]);
}

fn any_classes() -> impl Strategy<Value = Vec<Class>> {
    let name = prop_oneof![any::<String>(), "[ _'\",;#a-z\\t\\n]{1,12}"];
    let class = (any::<u8>(), name, any::<[u8; 3]>(), 0.0f32..=1.0, any::<bool>());
    prop::collection::vec(class, 1..12).prop_map(|listed| {
        let mut table = ClassTable::new(Vec::new()).unwrap();
        for (id, name, colour, opacity, visible) in listed {
            let class = Class { colour, visible, opacity: opacity.max(0.01), ..Class::new(id, &name) };
            // Taken numbers and empty names are left out.
            let _ = table.insert(class);
        }
        table.insert(Class::new(table.next_free_id().unwrap(), "always one")).unwrap();
        table.in_order().cloned().collect()
    })
}

/// What a name becomes that is written and read.
fn kept_name(format: ClassFileFormat, class: &Class) -> String {
    let line = class.name.replace(char::is_control, " ").trim().replace('"', "'");
    let kept = match format {
        ClassFileFormat::SlicerTable => {
            line.replace(|c: char| c.is_whitespace() || c == '_', " ").trim_matches(['\'', ' ']).to_owned()
        }
        _ => line,
    };
    if kept.is_empty() { format!("Class {}", class.id) } else { kept }
}

proptest! {
    #[test]
    fn what_is_written_is_recognised_and_read_back(classes in any_classes()) {
        for format in ClassFileFormat::ALL {
            let text = format.write(&classes);
            prop_assert_eq!(ClassFileFormat::guess(&text), Some(format));
            let read = format.read(&text).unwrap();
            let written: Vec<&Class> = classes.iter().filter(|c| c.id != 0).collect();
            prop_assert_eq!(read.classes.len(), written.len());
            for (back, class) in read.classes.iter().zip(written) {
                prop_assert_eq!((back.id, back.colour), (class.id, class.colour));
                prop_assert_eq!(&back.name, &kept_name(format, class));
                prop_assert!((back.opacity - class.opacity).abs() <= 0.5 / 255.0 + 1e-6);
                prop_assert_eq!(back.visible, class.visible || format != ClassFileFormat::ItkSnap);
            }
            // A second time nothing changes any more.
            let again = format.write(&read.classes);
            prop_assert_eq!(&format.read(&again).unwrap().classes, &read.classes);
        }
    }

    #[test]
    fn any_text_is_read_or_refused(text in any::<String>(), lines in "([0-9]{1,4}[ ,\t\"a.#-]{1,3}){0,30}\n?") {
        for text in [&text, &lines] {
            let _ = ReadClasses::of_text(text);
            for format in ClassFileFormat::ALL {
                if let Ok(read) = format.read(text) {
                    prop_assert!(ClassTable::new(read.classes).is_ok());
                }
            }
        }
    }
}
