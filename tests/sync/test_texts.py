"""What agents read in Creatio, by the connection's settings; and that a change of them, whenever it
comes, makes nothing twice and takes nothing of ours for a reply.
"""

from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

from caseway.domain.connection import ConnectionSettings
from caseway.domain.ids import CaseId
from caseway.domain.words import Language
from tests.far_side import OUR_USER, RESOLVED
from tests.stories import Story
from tests.sync.conftest import Begin

KIRITIMATI = ZoneInfo("Pacific/Kiritimati")  # UTC+14: its hour is never ours


def titles(story: Story) -> list[str]:
    return [activity.title for activity in story.creatio.activities.values()]


def change(story: Story, **changes: object) -> None:
    settings = replace(story.connection.settings, **changes)  # type: ignore[arg-type] # by name
    story.connection = replace(story.connection, settings=settings)


async def test_a_title_and_a_note_of_failure_tell_the_time_of_the_agents(begin: Begin) -> None:
    settings = ConnectionSettings(resolved_status=RESOLVED, time_zone="Pacific/Kiritimati")
    story = await begin(settings)
    kept = await story.customer_writes("My brake squeals")
    await story.work()
    [activity] = story.creatio.activities.values()
    there = activity.created_on.astimezone(KIRITIMATI)
    minutes = {there, there - timedelta(minutes=1)}
    assert activity.title in {f"Customer · {at:%H:%M} · My brake squeals" for at in minutes}

    case = CaseId((await story.row(kept.key))["case_id"])
    story.creatio.agent_replies(case, "We order new pads")
    story.postbox.fate = lambda: "never"
    await story.webhook(case)
    await story.work()
    note = list(story.creatio.activities.values())[-1]
    days = {there.date(), note.created_on.astimezone(KIRITIMATI).date()}  # midnight may pass
    assert [day for day in days if f"(given up {day} " in str(note.detailed_result)]
    assert " UTC+14): “We order new pads”" in str(note.detailed_result)


async def test_a_change_between_a_lost_answer_and_its_repeat_doubles_nothing(
    story: Story,
) -> None:
    story.creatio.fate = lambda kind: "lost after" if kind == "create activity" else "ok"
    kept = await story.customer_writes("My brake squeals")
    await story.work()
    before = titles(story)
    assert len(before) == 1, "it was taken, and nobody told us"
    change(story, time_zone="Pacific/Kiritimati", language=Language.GERMAN)
    story.creatio.fate = lambda _kind: "ok"
    case = CaseId((await story.row(kept.key))["case_id"])
    story.creatio.agent_replies(case, "We order new pads")
    await story.webhook(case)
    await story.pass_time(timedelta(minutes=10))
    await story.work()

    assert titles(story)[:1] == before, "adopted as it stands, by its id"
    assert len(titles(story)) == 2
    assert story.postbox.received == [("customer-1", "We order new pads", False)]
    linked = await story.pool.fetchval(
        "SELECT count(*) FROM link WHERE organisation_id = $1 AND linked_at IS NOT NULL",
        story.connection.organisation,
    )
    assert linked == 2
    await story.customer_writes("And the gears")
    await story.work()
    assert titles(story)[-1].startswith("Kunde · ")
    assert titles(story)[-1].endswith(" · And the gears")
    assert len(story.postbox.received) == 1


async def test_everything_on_a_case_is_in_the_agents_language(begin: Begin) -> None:
    story = await begin(ConnectionSettings(language=Language.GERMAN))
    kept = await story.customer_writes("Die Bremse quietscht", starts_as_ai=True)
    await story.work()
    await story.intake.hand_off(kept.key, "Wünscht einen Rückruf", by="Mara Vogt")
    await story.intake.hand_off(kept.key, "")
    await story.work()
    case = CaseId((await story.row(kept.key))["case_id"])
    story.creatio.agent_replies(case, "We order new pads")
    story.postbox.fate = lambda: "never"
    await story.webhook(case)
    await story.work()

    conversation = kept.key.conversation
    assert story.creatio.cases[case].description == (
        f"Die Bremse quietscht\n\nGeschrieben über shop. Unterhaltung {conversation}."
    )
    ours = [a for a in story.creatio.activities.values() if a.created_by_id == OUR_USER]
    assert [a.title.split(" · ")[0] for a in ours] == ["Kunde", "Caseway", "Caseway", "Caseway"]
    assert [a.title for a in ours[1:]] == [
        "Caseway · an einen Menschen übergeben",
        "Caseway · an einen Menschen übergeben",
        "Caseway · eine Antwort wurde nicht zugestellt",
    ]
    texts = [str(a.detailed_result) for a in ours]
    assert texts[1:3] == [
        "Übergeben von Mara Vogt.\n\nWünscht einen Rückruf",
        "An einen Menschen übergeben.",
    ]
    assert texts[3].startswith("Diese Antwort hat den Kunden nicht erreicht (aufgegeben 20")
    assert texts[3].endswith("„We order new pads“.\nGrund: no such customer")
    assert story.postbox.received == [], "no note of ours goes to the customer"
