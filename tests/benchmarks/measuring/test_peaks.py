"""The limits of a device."""


def test_peaks_are_measured(modules):
    from measuring import clock, peaks

    assert 0.5 < peaks._bandwidth("cpu", clock.Wall()) < 1000
