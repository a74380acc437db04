"""What stands before every page: names, forms, headers, health."""

from tests.web.conftest import House


async def test_health_readiness_and_metrics(house: House) -> None:
    for path, status in (("/healthz", 200), ("/readyz", 200), ("/metrics", 200), ("/none", 404)):
        async with house.client.get(house.base + path) as answer:
            assert answer.status == status
            assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
            assert answer.headers["X-Content-Type-Options"] == "nosniff"


async def test_a_foreign_name_is_refused_but_not_for_creatio(house: House) -> None:
    headers = {"Host": "evil.example"}
    async with house.client.get(house.base + "/healthz", headers=headers) as answer:
        assert answer.status == 400
    async with house.client.post(house.webhook(), data=b"{}", headers=headers) as answer:
        assert (await answer.json(content_type=None))["detail"].startswith("event_type is absent")


async def test_another_sites_form_is_refused(house: House) -> None:
    foreign = [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
    ]
    own = [{"Sec-Fetch-Site": "same-origin"}, {"Origin": house.base}, {}]
    for headers, status in [(each, 403) for each in foreign] + [(each, 405) for each in own]:
        async with house.client.post(house.base + "/healthz", headers=headers) as answer:
            assert answer.status == status, headers
