"""What gradio keeps of each open page: where there are too many, whose go first."""

from collections import Counter
from collections.abc import Callable

from gradio.state_holder import StateHolder


class FairStates(StateHolder):  # type: ignore[misc]  # gradio has no types
    """In place of gradio's own, which drops the oldest, whoever it belongs to: somebody with a
    session for each call would end everybody's. Here the visitor with the most loses its oldest,
    and of visitors with as many first one who is not there any more. Threads may share it."""

    def __init__(self, owner_of: Callable[[str], str], is_here: Callable[[str], bool]) -> None:
        """owner_of: a session to its visitor, all programs being one. is_here: whether a visitor
        has a page open."""
        super().__init__()
        self._owner_of, self._is_here = owner_of, is_here

    def update(self, session_id: str) -> None:
        """Called by gradio with each use of a session."""
        with self.lock:
            if session_id in self.session_data:
                self.session_data.move_to_end(session_id)
            while len(self.session_data) > self.capacity:
                gone = self._least_missed()
                del self.session_data[gone]
                self.time_last_used.pop(gone, None)

    def _least_missed(self) -> str:
        owners: dict[str, str] = {session: self._owner_of(session) for session in self.session_data}
        counts = Counter(owners.values())
        most = max(counts.values())
        crowded = [session for session, owner in owners.items() if counts[owner] == most]
        return next((each for each in crowded if not self._is_here(owners[each])), crowded[0])
