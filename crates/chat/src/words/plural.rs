//! Plural forms, where a language has more than two.

/// The form of a Russian word that goes with a whole number, by the rules of Unicode's CLDR
/// (<https://www.unicode.org/cldr/charts/48/supplemental/language_plural_rules.html#ru>). `intl_pluralrules`, which has
/// the rules of all languages, was passed over: these are three lines.
pub(super) fn russian<T>(count: u64, one: T, few: T, many: T) -> T {
    match (count % 10, count % 100) {
        (1, tens) if tens != 11 => one,
        (2..=4, tens) if !(12..=14).contains(&tens) => few,
        _ => many,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_russian_number_has_the_form_of_cldrs_samples() {
        let one = [1, 21, 31, 41, 51, 61, 71, 81, 101, 1001];
        let few = [2, 3, 4, 22, 23, 24, 32, 33, 34, 42, 43, 44, 52, 53, 54, 62, 102, 1002];
        let many = [
            0, 5, 6, 10, 11, 12, 13, 14, 15, 19, 20, 100, 111, 112, 1000, 10_000, 100_000, 1_000_000,
        ];
        for (numbers, expected) in [(&one[..], "one"), (&few, "few"), (&many, "many")] {
            for &number in numbers {
                assert_eq!(russian(number, "one", "few", "many"), expected, "{number}");
            }
        }
    }
}
