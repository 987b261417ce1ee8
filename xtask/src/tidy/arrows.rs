//! Dependencies point one way: every arrow between our packages is listed here, and a few outside crates are known to
//! one package only. A new arrow is a change of its own, with an entry in `docs/adr/`.

use super::metadata::{Kind, Package};
use super::report::Finding;

/// Each package with those of ours that it may depend on.
const ARROWS: [(&str, &[&str]); 13] = [
    ("ltv-core", &[]),
    ("connector", &["ltv-core"]),
    ("store", &["ltv-core"]),
    ("vault", &["ltv-core"]),
    ("payments-stripe", &["connector", "ltv-core"]),
    ("payments-paypal", &["connector", "ltv-core"]),
    ("marketing-ads", &["connector", "ltv-core"]),
    ("analytics-export", &["connector", "ltv-core"]),
    ("pipeline", &["store", "vault", "connector", "ltv-core"]),
    ("http-api", &["pipeline", "connector", "ltv-core"]),
    ("simulator", &["connector", "ltv-core"]),
    (
        "ltv",
        &[
            "ltv-core",
            "connector",
            "store",
            "vault",
            "payments-stripe",
            "payments-paypal",
            "marketing-ads",
            "analytics-export",
            "pipeline",
            "http-api",
            "simulator",
        ],
    ),
    ("xtask", &[]),
];

/// Outside crates that only some packages may know.
const OUTSIDE: [(&[&str], &[&str]); 3] = [
    (&["diesel", "diesel-async", "diesel_migrations", "tokio-postgres", "libsqlite3-sys"], &["store"]),
    (&["reqwest"], &["connector"]),
    (&["actix-web"], &["http-api", "simulator"]),
];

/// End-to-end tests look at everything and nothing looks at them.
const TESTS: &str = "e2e";

/// The domain. Even its tests use nothing of ours.
const CORE: &str = "ltv-core";

/// Names every dependency that is not allowed.
pub fn check(packages: &[Package]) -> Vec<Finding> {
    packages
        .iter()
        .filter(|package| package.name != TESTS)
        .flat_map(|package| check_package(package, packages))
        .collect()
}

fn check_package(package: &Package, packages: &[Package]) -> Vec<Finding> {
    let Some(allowed) = allowed(&package.name) else {
        return vec![Finding::new(
            &package.name,
            "is not listed in xtask/src/tidy/arrows.rs: say there what it may depend on",
        )];
    };
    let mut findings = Vec::new();
    for dependency in &package.dependencies {
        let name = dependency.name.as_str();
        let itself = name == package.name;
        let ours = packages.iter().any(|other| other.name == name);
        let dev = dependency.kind == Some(Kind::Dev);
        if ours && !itself && !allowed.contains(&name) && (!dev || package.name == CORE) {
            findings.push(Finding::new(
                &package.name,
                format!("may not depend on {name}: the arrow is not listed"),
            ));
        }
        if let Some(knowers) = knowers(name)
            && !dev
            && !knowers.contains(&package.name.as_str())
        {
            findings.push(Finding::new(
                &package.name,
                format!("may not know {name}: only {} may", knowers.join(", ")),
            ));
        }
    }
    findings
}

fn allowed(package: &str) -> Option<&'static [&'static str]> {
    ARROWS.iter().find(|(name, _)| *name == package).map(|(_, allowed)| *allowed)
}

fn knowers(outside: &str) -> Option<&'static [&'static str]> {
    OUTSIDE.iter().find(|(names, _)| names.contains(&outside)).map(|(_, knowers)| *knowers)
}

#[cfg(test)]
mod tests {
    use super::super::metadata::Dependency;
    use super::*;

    fn package(name: &str, dependencies: &[(&str, Option<Kind>)]) -> Package {
        let dependencies = dependencies
            .iter()
            .map(|(name, kind)| Dependency { name: (*name).to_owned(), kind: *kind })
            .collect();
        Package { name: name.to_owned(), dependencies }
    }

    fn problems(packages: &[Package]) -> Vec<String> {
        check(packages).into_iter().map(|finding| format!("{} {}", finding.place, finding.problem)).collect()
    }

    #[test]
    fn listed_arrows_and_ordinary_outside_crates_pass() {
        let packages = [
            package(
                "ltv-core",
                &[("serde", None), ("ltv-core", Some(Kind::Dev)), ("proptest", Some(Kind::Dev))],
            ),
            package("store", &[("ltv-core", None), ("diesel", None)]),
            package("connector", &[("ltv-core", None), ("reqwest", None)]),
            package("http-api", &[("connector", None), ("actix-web", None)]),
        ];
        assert_eq!(problems(&packages), [""; 0]);
    }

    #[test]
    fn an_unlisted_arrow_is_found_in_code_and_in_the_build_script() {
        let packages = [
            package("connector", &[]),
            package("payments-stripe", &[("store", None)]),
            package("store", &[("connector", Some(Kind::Build))]),
        ];
        assert_eq!(
            problems(&packages),
            [
                "payments-stripe may not depend on store: the arrow is not listed",
                "store may not depend on connector: the arrow is not listed",
            ]
        );
    }

    #[test]
    fn tests_may_use_what_code_may_not_except_in_the_core() {
        let packages = [
            package("simulator", &[]),
            package("pipeline", &[("simulator", Some(Kind::Dev)), ("reqwest", Some(Kind::Dev))]),
            package("ltv-core", &[("simulator", Some(Kind::Dev))]),
        ];
        assert_eq!(problems(&packages), ["ltv-core may not depend on simulator: the arrow is not listed"]);
    }

    #[test]
    fn an_outside_crate_that_belongs_to_one_package_is_refused_in_another() {
        let packages =
            [package("pipeline", &[("diesel-async", None)]), package("store", &[("reqwest", None)])];
        assert_eq!(
            problems(&packages),
            [
                "pipeline may not know diesel-async: only store may",
                "store may not know reqwest: only connector may"
            ]
        );
    }

    #[test]
    fn a_package_that_nobody_listed_is_found_and_the_end_to_end_tests_are_free() {
        let packages = [package("helpers", &[]), package("e2e", &[("helpers", None), ("reqwest", None)])];
        let problems = problems(&packages);
        assert_eq!(problems.len(), 1);
        assert!(problems[0].starts_with("helpers is not listed"), "{problems:?}");
    }
}
