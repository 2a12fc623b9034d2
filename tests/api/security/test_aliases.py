"""Aliases as a way to what is somebody else's: names that others write and search by are not to be joined."""

from __future__ import annotations

from typing import Any

import pytest

PASSWORD = "Reef-Kettle-9271!"
JOIN: dict[str, Any] = {"index": "eve", "alias": "payroll", "is_write_index": True}


@pytest.fixture(autouse=True)
async def payroll(ask: Any) -> None:
    """`ann` owns the index `payroll-1` and writes to it by its alias; `eve` owns `eve` and nothing else."""
    permissions = [{"index_patterns": ["payroll*"], "allowed_actions": ["indices_all"]}]
    await ask("PUT /api/roles/r", {"index_permissions": permissions})
    for name, roles in (("ann", ["r"]), ("eve", [])):
        user = {"password": PASSWORD, "opendistro_security_roles": roles}
        assert (await ask(f"PUT /api/internalusers/{name}", user)).status == 201
    assert (await ask("PUT /payroll-1", {"aliases": {"payroll": {}}}, user="ann")).status == 200


@pytest.mark.parametrize("existing", [True, False], ids=["an index there is", "a new index"])
async def test_nobody_draws_writes_to_an_alias_into_an_index_of_their_own(ask: Any, existing: bool) -> None:
    if existing:
        await ask("PUT /eve", user="eve")
        attempts = [
            ("POST /_aliases", {"actions": [{"add": JOIN}]}),
            (
                "POST /_aliases",
                {"actions": [{"add": {**JOIN, "alias": "x"}}, {"add": {**JOIN, "is_write_index": False}}]},
            ),
            ("POST /_aliases", {"actions": [{"add": {"indices": ["eve"], "aliases": ["y", "payroll"]}}]}),
            ("PUT /eve/_alias/payroll", {"is_write_index": True}),
        ]
    else:
        attempts = [("PUT /eve", {"aliases": {"payroll": {"is_write_index": True}}})]
    for line, body in attempts:
        refused = await ask(line, body, user="eve")
        assert refused.status == 403, line
        assert "no permissions for [indices:admin/aliases] and User [name=eve" in refused.text
    written = await ask("POST /payroll/_doc?refresh=true", {"salary": 1}, user="ann")
    assert (written.status, written.json["_index"]) == (201, "payroll-1")
    assert (await ask("GET /payroll-1/_alias")).json == {"payroll-1": {"aliases": {"payroll": {}}}}


@pytest.mark.parametrize("user", ["eve", "admin"])
async def test_no_alias_takes_the_name_of_an_index_of_the_nodes_own(ask: Any, user: str) -> None:
    """What is to be written there would come to whoever has the alias, or there would be no place for it."""
    await ask("PUT /eve2", {}, user="admin")
    for name in (".plugins-ml-agent", ".plugins-ml-memory-message", ".ragstone-x", ".opendistro_security"):
        assert (await ask("PUT /eve", {"aliases": {name: {}}}, user=user)).status == 403, name
        assert (await ask(f"PUT /eve2/_alias/{name}", user="admin")).status == 403, name
    assert (await ask("PUT /eve", user="eve")).status == 200
    joined = [{"add": {"index": "eve", "alias": "x"}}, {"add": {"index": "eve", "alias": ".plugins-ml-agent"}}]
    assert (await ask("POST /_aliases", {"actions": joined}, user=user)).status == 403


@pytest.mark.parametrize("alias", ["payroll", ".plugins-ml-agent"])
async def test_no_template_gives_an_alias_that_its_maker_could_not(ask: Any, alias: str) -> None:
    templates = [
        "indices:admin/index_template/put",
        "cluster:admin/component_template/put",
        "indices:admin/template/put",
    ]
    await ask("PUT /api/roles/t", {"cluster_permissions": templates})
    await ask("PUT /api/internalusers/eve", {"password": PASSWORD, "opendistro_security_roles": ["t"]})
    part = {"aliases": {alias: {"is_write_index": True}}}
    for line, body in (
        ("PUT /_index_template/x", {"index_patterns": ["eve*"], "template": part}),
        ("PUT /_component_template/x", {"template": part}),
        ("PUT /_template/x", {"index_patterns": ["eve*"], **part}),
    ):
        assert (await ask(line, body, user="eve")).status == 403, line
    own = {"index_patterns": ["eve*"], "template": {"aliases": {"eves": {}}}}
    assert (await ask("PUT /_index_template/x", own, user="eve")).status == 200


async def test_an_alias_goes_on_for_whoever_may_change_those_that_have_it(ask: Any) -> None:
    moved = [{"add": {**JOIN, "index": "payroll-2"}}, {"remove": {"index": "payroll-1", "alias": "payroll"}}]
    assert (await ask("PUT /payroll-2", {"aliases": {"payroll": {}}}, user="ann")).status == 200
    assert (await ask("POST /_aliases", {"actions": moved}, user="ann")).status == 200
    assert (await ask("PUT /eve", {"aliases": {"free": {}}}, user="eve")).status == 200
