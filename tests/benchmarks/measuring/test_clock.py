"""The clock of each device."""


def test_the_clock_of_a_device(modules):
    import torch

    from measuring import clock

    assert isinstance(clock.for_device("cuda:0", torch), clock.CudaEvents)
    assert isinstance(clock.for_device("cpu", torch), clock.Wall)
