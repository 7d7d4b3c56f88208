"""What is wrong with a name in a filter: nothing that its reader may see has it. An empty list would read as clean."""

from __future__ import annotations

from collections.abc import Callable

from bwc_audit.domain.people import Role
from bwc_audit.store import run_list
from bwc_audit.store.answers import DECIDED
from bwc_audit.store.database import reading
from bwc_audit.store.known_names import Named, is_known
from bwc_audit.web.guard import Visitor
from bwc_audit.web.packs import shipped_packs


def naming(asking: Visitor) -> Callable[[Named, str], str]:
    """For the filters of one request: (what is named, the name) → what is wrong with it, empty: nothing.

    A supervisor reads the same of another unit's names as of names that nothing has.
    """
    person, site = asking.person, asking.site
    unit = (person.unit or "") if person.role is Role.SUPERVISOR else None

    def problem_with(what: Named, name: str) -> str:
        if what is Named.POLICY and name in (site.audit.book.base.policy_id, *(pack for pack, _ in shipped_packs())):
            return ""
        with reading(site.engine) as session:
            if not is_known(session, what, name, unit):
                return f"none that you may see is called {name!r}"
            run = run_list.load_run(session, name) if what is Named.RUN else None
        if run is not None and run.status not in DECIDED:
            return f"{name} is {run.status}: it came to no decision, so nothing can be said of its findings"
        return ""

    return problem_with
