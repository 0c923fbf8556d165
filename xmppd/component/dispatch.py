"""What a component's extensions declare, compiled into dicts and tuples of bound methods."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from graphlib import CycleError, TopologicalSorter
from typing import Any, TypeVar

from twisted.internet.defer import Deferred, DeferredSemaphore
from twisted.python.failure import Failure

from xmppd.component.extension import (
    ElementRule,
    Extension,
    HookRule,
    IqRule,
    SessionExtension,
    Target,
)
from xmppd.component.selection import Selection, look_for
from xmppd.component.stages import Hook, Received, Sent, Stage, deferred
from xmppd.protocol.errors import StanzaError
from xmppd.protocol.stanza import Stanza
from xmppd.storage.interfaces import Full, ReadOnly, Unavailable

Handler = Callable[[Stanza, Any], Any]
ElementHandler = Callable[[Stanza, Any], None]
E = TypeVar("E", bound=Extension)
_KINDS = ("message", "presence", "iq", None)


class Handlers:
    """Who handles which iq requests."""

    def __init__(self) -> None:
        self._iqs: dict[tuple[Target, str, str, str], Handler] = {}

    def add(self, thing: object, with_session: bool = False) -> None:
        """Take the methods of a thing that are marked with `iq`.

        Raises ValueError where something is handled already.
        """
        places: dict[Callable[..., Any], DeferredSemaphore] = {}  # a method's, for all its rules
        for method, rule in marked(thing, "_iq_rules"):
            handler: Handler = method if with_session else _without_session(method)
            if limit := rule.discipline.limit:
                handler = _limited(handler, places.setdefault(method, DeferredSemaphore(limit)))
            self._add(handler, rule)

    def _add(self, handler: Handler, rule: IqRule) -> None:
        for target in Target:
            if target in rule.to:
                key = target, rule.type, rule.ns, rule.name
                if key in self._iqs:
                    raise ValueError(f"two methods handle {rule.type} {{{rule.ns}}}{rule.name}")
                self._iqs[key] = handler

    def find(self, target: Target, request: Stanza) -> Handler | None:
        """Who handles an iq request, by the namespace and name of its payload."""
        for ns, name, _, _ in request.children:
            return self._iqs.get((target, request.type or "", ns, name))
        return None

    def namespaces(self, target: Target) -> list[str]:
        """The namespaces of iqs that are handled at a target."""
        return sorted({ns for to, _, ns, _ in self._iqs if to is target})


class Dispatch:
    """The hooks and handlers of one host."""

    def __init__(self, extensions: Iterable[Extension]) -> None:
        self.extensions = ordered(list(extensions))
        self._handlers = Handlers()
        self.handler = self._handlers.find
        self.namespaces = self._handlers.namespaces
        self._hooks: dict[tuple[Stage, str | None], list[tuple[Hook, HookRule]]] = {}
        self._elements: dict[tuple[str, str], ElementHandler] = {}
        for extension in self.extensions:
            self._add(extension)
        self._look = look_for(rule for hooks in self._hooks.values() for _, rule in hooks)
        # By name alone what every stanza meets: to hash a stage takes a while.
        self.sent = self._by_kind(Sent.CHECK, Sent.MARK)
        self.sent_pick = self._by_kind(Sent.PICK)
        self.sent_note = self._by_kind(Sent.NOTE)
        self.received = self._by_kind(Received.CHECK, Received.MARK)
        self.received_pick = self._by_kind(Received.PICK)
        self.received_note = self._by_kind(Received.NOTE)
        self.received_missed = self._by_kind(Received.MISSED)

    def _by_kind(self, *stages: Stage) -> dict[str | None, Selection]:
        return {
            kind: Selection(
                [rule for stage in stages for rule in self._hooks.get((stage, kind), ())],
                self._look,
            )
            for kind in _KINDS
        }

    def hooks(self, stage: Stage, kind: str | None = None) -> tuple[Hook, ...]:
        """The hooks of a stage for stanzas of that name, in order, whatever their conditions."""
        return tuple([hook for hook, _ in self._hooks.get((stage, kind), ())])

    def element_handler(self, ns: str, name: str) -> ElementHandler | None:
        """Who handles an element of a client's stream that is no stanza."""
        return self._elements.get((ns, name))

    def extension(self, cls: type[E]) -> E | None:
        """The extension of that class, if it runs here."""
        found = [extension for extension in self.extensions if isinstance(extension, cls)]
        return found[0] if found else None

    def _add(self, extension: Extension) -> None:
        self._handlers.add(extension, isinstance(extension, SessionExtension))
        for method, rule in marked(extension, "_hook_rules"):
            self._add_hook(method, rule)
        for method, rule in marked(extension, "_element_rules"):
            self._add_element(method, rule)

    def _add_element(self, method: ElementHandler, rule: ElementRule) -> None:
        key = rule.ns, rule.name
        if key in self._elements:
            raise ValueError(f"two extensions handle {{{rule.ns}}}{rule.name}")
        self._elements[key] = method

    def _add_hook(self, method: Hook, rule: HookRule) -> None:
        kinds = _KINDS if rule.kind is None else (rule.kind,)
        for kind in kinds:
            self._hooks.setdefault((rule.stage, kind), []).append((method, rule))


def marked(thing: object, rules: str) -> Iterator[tuple[Callable[..., Any], Any]]:
    """The methods of a thing that have been given rules, each with each of its rules."""
    for name in _in_order(type(thing)):
        for rule in getattr(getattr(type(thing), name, None), rules, ()):
            yield getattr(thing, name), rule


def _without_session(method: Callable[[Stanza], Any]) -> Handler:
    return lambda request, session: method(request)


def _limited(handler: Handler, places: DeferredSemaphore) -> Handler:
    """A handler whose calls wait until there is a place for them."""

    def run(request: Stanza, session: Any) -> Any:
        return places.run(handler, request, session)

    return run


def _in_order(kind: type) -> dict[str, None]:
    """The names of a class and those it inherits from, as they stand in its source."""
    return dict.fromkeys(name for base in reversed(kind.__mro__) for name in vars(base))


def ordered(extensions: Sequence[Extension]) -> list[Extension]:
    """In the order of their `after`, else as given.

    Names in `after` that are not there do not matter. Raises ValueError for a circle, for two
    extensions of one name, or for one without another that it needs.
    """
    by_title = {extension.title(): extension for extension in extensions}
    if len(by_title) < len(extensions):
        raise ValueError("two extensions have the same name")
    check_needs(extensions)
    sorter = TopologicalSorter[str]({title: () for title in by_title})
    for title, extension in by_title.items():
        sorter.add(title, *[name for name in extension.after if name in by_title])
    try:
        return [by_title[title] for title in sorter.static_order()]
    except CycleError as error:
        raise ValueError(f"extensions wait for each other: {error.args[1]}") from error


def check_needs(extensions: Sequence[Extension | type[Extension]]) -> None:
    """Raises ValueError for an extension without one that it needs."""
    titles = {extension.title() for extension in extensions}
    for extension in extensions:
        for name in extension.needs:
            if name not in titles:
                title = extension.title()
                raise ValueError(f"{title} needs {name}: enable that, or disable {title}")


def answer_to(
    request: Stanza, handler: Handler, session: Any, failed: Callable[[], None]
) -> Stanza | Deferred[Stanza]:
    """Have an iq handled. Always comes to an answer; `failed` is called inside an except block."""

    def trouble(error: BaseException) -> Stanza:
        if isinstance(error, StanzaError):
            return request.error(error)
        if isinstance(error, Full | ReadOnly | Unavailable):
            return request.error("resource-constraint")
        failed()
        return request.error("internal-server-error")

    def errback(failure: Failure) -> Stanza:
        try:
            failure.raiseException()
        except Exception as error:
            return trouble(error)
        raise AssertionError("it raises")

    try:
        result = handler(request, session)
        if isinstance(result, Stanza):
            return result
        return deferred(result).addCallback(_checked).addErrback(errback)
    except Exception as error:
        return trouble(error)


def _checked(answer: object) -> Stanza:
    if not isinstance(answer, Stanza):
        raise TypeError(f"no answer but {type(answer).__name__}")
    return answer
