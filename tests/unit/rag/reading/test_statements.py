from ragstone.rag.reading.names import find_names
from ragstone.rag.reading.statements import Time, find_times, read_sentences, read_statements
from ragstone.rag.reading.text import sentences, stem


def stated(*passages: str) -> list[tuple[str, int | None, str]]:
    found = []
    for sentence in read_sentences(passages, ""):
        for statement in read_statements(sentence):
            subject = " ".join(statement.subjects[0]) if statement.subjects else ""
            found.append((statement.quantity.text, statement.time.year if statement.time else None, subject))
    return found


def test_a_change_and_what_it_refers_to_state_no_figure_of_their_own() -> None:
    text = "The metro area population of Miami in 2021 was 6,167,000, a 0.74% increase from 2020."
    assert stated(text) == [("6,167,000", 2021, "miami")]
    assert stated("In 2022 Miami grew by 5,000 to 6,215,000.") == [("6,215,000", 2022, "miami")]


def test_figures_and_years_pair_in_any_order() -> None:
    wanted = [("100", 2019, "lyon"), ("120", 2021, "lyon")]
    for text in (
        "Lyon had 100 in 2019 and 120 in 2021.",
        "In 2019 Lyon had 100, and in 2021 it had 120.",
        "From 2019 to 2021 Lyon went from 100 to 120.",
        "Lyon: 2019: 100, 2021: 120.",
        "In 2019 and 2021, Lyon had 100 and 120.",
    ):
        assert stated(text) == wanted, text
    assert stated("In 2021 Lyon had 120, up from 100 in 2019.") == wanted[::-1]


def test_each_clause_has_its_own_subject() -> None:
    text = "Lyon had 522,000 residents in 2018 while Nice had 340,000 in 2019."
    assert stated(text) == [("522,000", 2018, "lyon"), ("340,000", 2019, "nice")]
    assert stated("Lyon and Nice had 522,000 and 340,000 residents in 2018.") == [
        ("522,000", 2018, "lyon"),
        ("340,000", 2018, "nice"),
    ]


def test_a_sentence_without_a_name_is_about_the_one_before_it() -> None:
    assert stated("Oslo is a capital. Its population in 2020 was 693,494.") == [("693,494", 2020, "oslo")]
    assert stated("Riverton\n2018 | 24,500\n2019 | 26,100") == [
        ("24,500", 2018, "riverton"),
        ("26,100", 2019, "riverton"),
    ]


def test_times_are_years_months_and_quarters() -> None:
    found = [
        time
        for time, _, _ in find_times("In March 2021, Q3 2022, FY2023 and 2024; 1,999 of 2030 people; had 1900 members")
    ]
    assert found == [Time(2021, 3), Time(2022, 23), Time(2023), Time(2024)]
    assert Time(2021, 3).matches(Time(2021))
    assert not Time(2021).matches(Time(2021, 3))


def test_lines_that_are_spelled_out_are_lines() -> None:
    assert sentences("One line\\nanother. And a third! E.g. this") == [
        "One line",
        "another.",
        "And a third!",
        "E.g. this",
    ]
    assert sentences("Dr. Smith of St. Louis met J. Doe. They spoke.") == [
        "Dr. Smith of St. Louis met J. Doe.",
        "They spoke.",
    ]


def test_names_are_found_by_their_capitals() -> None:
    names = find_names("In 2020 the Bank of England and New York City's mayor met eBay near Lake Como.")
    assert [name.text for name in names] == ["Bank of England", "New York City", "eBay", "Lake Como"]


def test_stems_bring_forms_together() -> None:
    assert stem("cities") == stem("city")
    assert stem("sold") == stem("sells") == stem("selling")
    assert stem("heavier") == stem("heavy")
