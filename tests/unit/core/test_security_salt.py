"""The salt of masked fields, as a setting."""

import pytest

from ragstone.core.errors import IllegalArgumentException
from ragstone.core.security_settings import SecuritySettings
from ragstone.core.settings_section import build


def test_a_salt_has_sixteen_bytes_and_is_told_nowhere() -> None:
    found = build(SecuritySettings, "security", {"security_compliance_salt": "0123456789abcdef"})
    assert found.compliance_salt == "0123456789abcdef"
    assert "0123456789abcdef" not in repr(found)
    with pytest.raises(IllegalArgumentException) as refused:
        build(SecuritySettings, "security", {"security_compliance_salt": "too short"})
    assert refused.value.reason == "setting [security_compliance_salt] must at least contain 16 bytes"
