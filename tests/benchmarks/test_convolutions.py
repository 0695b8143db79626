"""Direct convolutions and Winograd's, layer by layer."""


def test_convolutions_are_measured_both_ways(modules):
    import convolutions

    one = convolutions.measure("conv2_2", height=16, width=24, repeats=1)
    seconds = (
        one.direct_forward, one.direct_backward, one.winograd_forward, one.winograd_backward,
    )  # fmt: skip
    assert all(0 < taken < 10 for taken in seconds)
    slower = one.model_copy(
        update={"layer": "conv3_1", "direct_forward": 0.003, "direct_backward": 0.001}
    )
    slower = slower.model_copy(update={"winograd_forward": 0.002, "winograd_backward": 0.003})
    measured = convolutions.Convolutions(
        machine=convolutions.Machine.here(), cores=1, repeats=1, found=(slower,)
    )
    assert "| conv3_1 | 4.0 / 5.0 = 1.25 |" in convolutions.table(measured)
