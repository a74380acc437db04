"""People paste what their browser shows."""

import pytest

from caseway.domain.instance_url import InstanceUrl, instance_url


@pytest.mark.parametrize(
    ("text", "url", "cut"),
    [
        ("https://north.creatio.com", "https://north.creatio.com", ""),
        ("https://north.creatio.com/", "https://north.creatio.com", ""),
        (" https://NORTH.creatio.com ", "https://north.creatio.com", ""),
        ("https://north.creatio.com/0", "https://north.creatio.com", "/0"),
        (
            "https://north.creatio.com/0/Nui/ViewModule.aspx#CardModuleV2/CasePage/edit/1",
            "https://north.creatio.com",
            "/0/Nui/ViewModule.aspx#CardModuleV2/CasePage/edit/1",
        ),
        ("https://north.creatio.com/Shell/?x=1", "https://north.creatio.com", "/Shell/?x=1"),
        (
            "https://crm.example.com:8443/creatio/0/odata/Case",
            "https://crm.example.com:8443/creatio",
            "/0/odata/Case",
        ),
        ("https://north.creatio.com/index.html", "https://north.creatio.com", "/index.html"),
        ("http://[fd00::1]:8090/", "http://[fd00::1]:8090", ""),
    ],
)
def test_the_address_is_found_in_what_was_pasted(text: str, url: str, cut: str) -> None:
    found = instance_url(text)
    assert found == InstanceUrl(url, cut)
    assert instance_url(found.url) == InstanceUrl(url, "")
    assert found.is_plain is text.strip().startswith("http:")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("north.creatio.com", "https://"),
        ("", "https://"),
        ("https://", "https://"),
        ("https://x:y", "https://"),
        ("http://[", "https://mycompany"),
        ("javascript:alert(1)", "https://"),
        ("https://anna:hunter2@north.creatio.com", "given apart"),
    ],
)
def test_what_is_no_address_is_refused(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said) as refused:
        instance_url(text)
    assert "hunter2" not in str(refused.value)
