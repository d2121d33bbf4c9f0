import signal
import threading

import pytest

from ssliqa.training.signals import stop_on_signal


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_signal_is_noted_and_the_block_goes_on(number):
    before = signal.getsignal(number)
    with stop_on_signal() as stop:
        assert stop.signal is None
        signal.raise_signal(number)
        assert stop.signal is number
    assert signal.getsignal(number) == before


@pytest.mark.usefixtures("ctrl_c_raises")
def test_a_second_signal_acts_as_it_would_have_outside():
    with stop_on_signal() as stop:
        signal.raise_signal(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert stop.signal is signal.SIGINT


def test_handlers_are_put_back_when_the_block_fails():
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    with pytest.raises(OSError, match="disk full"), stop_on_signal():
        raise OSError("disk full")
    assert {number: signal.getsignal(number) for number in before} == before


def test_outside_the_main_thread_nothing_changes():
    seen = []

    def work():
        with stop_on_signal() as stop:
            seen.append((stop.signal, signal.getsignal(signal.SIGINT)))

    before = signal.getsignal(signal.SIGINT)
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [(None, before)]
