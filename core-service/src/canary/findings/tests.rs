use super::*;

const fn passed() -> Reply {
    Reply::Passed { status: 200 }
}

fn refused(status: u16) -> Reply {
    Reply::Blocked { status, certain: status == 400, kind: String::new() }
}

fn unusable(status: Option<u16>) -> Reply {
    Reply::Unusable { status, why: "why".to_owned() }
}

/// A gateway that asks, in front of an endpoint that does as it should.
fn observed(replies: Replies) -> Observed {
    let seen = ["good", "attack", "status", "verdict", "outage"].map(str::to_owned).to_vec();
    Observed {
        own: Some(Ok((refused(400), passed()))),
        gateway: Some(replies),
        seen: Some(seen),
        answers_in: Some(Contract::Status),
    }
}

fn replies(attack: Reply, status: Reply, verdict: Reply, outage: Reply) -> Replies {
    Replies {
        good: Some(passed()),
        attack: Some(attack),
        status: Some(status),
        verdict: Some(verdict),
        outage: Some(outage),
    }
}

#[test]
fn each_kind_of_gateway_is_told_apart() {
    let cases = [
        ("old", replies(refused(400), refused(400), passed(), refused(400)), Contract::Status, OnOutage::Blocked, true),
        (
            "new",
            replies(refused(400), refused(400), refused(400), refused(400)),
            Contract::Both,
            OnOutage::Blocked,
            true,
        ),
        (
            "ignores errors",
            replies(passed(), passed(), refused(400), passed()),
            Contract::Verdict,
            OnOutage::LetThrough,
            false,
        ),
        ("audits", replies(passed(), passed(), passed(), passed()), Contract::None, OnOutage::LetThrough, false),
    ];
    for (name, replies, contract, on_outage, blocks) in cases {
        let found = judge(&observed(replies));
        assert_eq!((found.contract, found.on_outage, found.asked), (contract, on_outage, Some(true)), "{name}");
        let problems: &[_] = if blocks { &[] } else { &[CanaryProblem::BlockDidNotBlock] };
        assert_eq!(found.problems, problems, "{name}");
    }
}

#[test]
fn an_error_of_the_gateways_own_is_not_a_completion() {
    let broken = unusable(Some(502));
    let found = judge(&observed(replies(refused(400), refused(400), passed(), broken)));
    assert_eq!(found.on_outage, OnOutage::Blocked);
    let limited = unusable(Some(429));
    let found = judge(&observed(replies(refused(400), refused(400), limited, passed())));
    assert_eq!(found.contract, Contract::Unknown, "a limit says nothing");
}

#[test]
fn a_gateway_that_never_asks_is_told_from_one_that_does_not_obey() {
    let open = Observed { seen: Some(Vec::new()), ..observed(replies(passed(), passed(), passed(), passed())) };
    let found = judge(&open);
    assert_eq!(found.problems, [CanaryProblem::BlockDidNotBlock, CanaryProblem::GuardrailNotAsked]);
    assert_eq!((found.contract, found.asked), (Contract::Unknown, Some(false)));
    // Blocked by something else, and still not asked.
    let by_another = replies(refused(403), passed(), passed(), passed());
    let found = judge(&Observed { seen: Some(Vec::new()), ..observed(by_another) });
    assert_eq!(found.problems, [CanaryProblem::GuardrailNotAsked]);
    // When nobody can say, nothing is said.
    let found = judge(&Observed { seen: None, ..open });
    assert_eq!((found.problems.as_slice(), found.asked), (&[CanaryProblem::BlockDidNotBlock][..], None));
}

#[test]
fn each_problem_has_its_own_name() {
    let good = |good| Observed { seen: None, ..observed(Replies { good: Some(good), ..Replies::default() }) };
    assert_eq!(judge(&good(refused(400))).problems, [CanaryProblem::GoodBlocked]);
    assert_eq!(judge(&good(unusable(None))).problems, [CanaryProblem::GatewayUnreachable]);
    let own = |own| Observed { own: Some(own), ..Observed::default() };
    assert_eq!(judge(&own(Err("why".to_owned()))).problems, [CanaryProblem::EndpointUnreachable]);
    assert_eq!(judge(&own(Ok((passed(), passed())))).problems, [CanaryProblem::EndpointDidNotBlock]);
    assert_eq!(judge(&own(Ok((refused(400), refused(400))))).problems, [CanaryProblem::EndpointGoodBlocked]);
    // An endpoint that fails blocks nothing: it cannot say.
    assert_eq!(
        judge(&own(Ok((unusable(Some(503)), unusable(Some(503)))))).problems,
        [CanaryProblem::EndpointUnreachable]
    );
    assert_eq!(judge(&own(Ok((refused(400), passed())))).problems, []);
}

#[test]
fn the_advice_names_the_contract_that_would_work() {
    let ignores_errors = replies(passed(), passed(), refused(400), passed());
    assert!(judge(&observed(ignores_errors.clone())).advice.contains(&USE_VERDICT));
    let told = Observed { answers_in: Some(Contract::Verdict), ..observed(ignores_errors) };
    assert!(!judge(&told).advice.contains(&USE_VERDICT));
}
