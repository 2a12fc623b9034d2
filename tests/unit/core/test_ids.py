from __future__ import annotations

from ragstone.core.ids import IdGenerator


def test_generated_document_ids_have_opensearchs_shape_and_differ() -> None:
    made = [IdGenerator(seed).auto_id() for seed in range(200)]
    assert all(len(id) == 20 and id[0] not in "-_" for id in made)
    assert len(set(made)) == 200


def test_ids_made_one_after_another_lie_side_by_side() -> None:
    ids = IdGenerator()
    made = [ids.auto_id() for _ in range(1000)]
    assert len(set(made)) == 1000
    assert len({id[:10] for id in made}) == 1


def test_two_generators_begin_differently() -> None:
    assert IdGenerator().auto_id()[:6] != IdGenerator().auto_id()[:6]


def test_a_seed_makes_ids_reproducible() -> None:
    assert [IdGenerator(5).auto_id(), IdGenerator(5).uuid22()] == [IdGenerator(5).auto_id(), IdGenerator(5).uuid22()]
