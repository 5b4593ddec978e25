"""Formulas at the check values of their sources, and at the edges where they change form."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs import meteorology
from tests.unit.jobs.duck import Duck

DUCK = Duck()


def heat_index_f(fahrenheit: float, humidity: float) -> float:
    celsius = DUCK.evaluate(meteorology.heat_index_c(), temperature_c=(fahrenheit - 32) / 1.8, humidity_pct=humidity)
    return float(celsius) * 1.8 + 32


@pytest.mark.parametrize(
    ("fahrenheit", "humidity", "expected"),
    [
        (90, 50, 94.60),
        (100, 60, 129.49),
        (95, 10, 89.45),  # dry: lowered
        (82, 90, 91.99),  # damp: raised
        (70, 50, 69.05),  # the simple form
        (32, 80, 28.66),
    ],
)
def test_heat_index(fahrenheit: float, humidity: float, expected: float) -> None:
    assert heat_index_f(fahrenheit, humidity) == pytest.approx(expected, abs=0.005)


@pytest.mark.parametrize(
    ("inside", "outside"),
    [((95, 12.99), (95, 13)), ((82, 85.01), (82, 85)), ((86.99, 95), (87.01, 95)), ((111.99, 5), (112.01, 5))],
)
def test_an_adjustment_of_the_heat_index_fades_out(inside: tuple[float, float], outside: tuple[float, float]) -> None:
    """Each vanishes at its border: with a border elsewhere, the index would jump there."""
    assert heat_index_f(*inside) == pytest.approx(heat_index_f(*outside), abs=0.15)


@pytest.mark.parametrize(("celsius", "kmh", "expected"), [(0, 20, -5.24), (-10, 30, -19.52), (-20, 50, -35.40)])
def test_wind_chill(celsius: float, kmh: float, expected: float) -> None:
    assert DUCK.evaluate(meteorology.wind_chill_c(), temperature_c=celsius, wind_speed_ms=kmh / 3.6) == pytest.approx(
        expected, abs=0.005
    )


@pytest.mark.parametrize(
    ("celsius", "kmh", "defined"), [(10, 20, True), (10.01, 20, False), (0, 4.81, True), (0, 4.79, False)]
)
def test_wind_chill_has_a_domain(celsius: float, kmh: float, defined: bool) -> None:
    chill = DUCK.evaluate(meteorology.wind_chill_c(), temperature_c=celsius, wind_speed_ms=kmh / 3.6)
    assert (chill is not None) is defined


@pytest.mark.parametrize(
    ("celsius", "humidity", "expected"), [(20, 50, 9.26), (30, 90, 28.18), (0, 80, -3.04), (12.5, 100, 12.5)]
)
def test_dew_point(celsius: float, humidity: float, expected: float) -> None:
    assert DUCK.evaluate(meteorology.dew_point_c(), temperature_c=celsius, humidity_pct=humidity) == pytest.approx(
        expected, abs=0.005
    )


def test_air_without_any_water_has_no_dew_point() -> None:
    assert DUCK.evaluate(meteorology.dew_point_c(), temperature_c=20, humidity_pct=0) is None


@given(celsius=st.floats(-80, 60), humidity=st.floats(0.1, 100))
def test_a_dew_point_is_never_above_the_temperature(celsius: float, humidity: float) -> None:
    assert DUCK.evaluate(meteorology.dew_point_c(), temperature_c=celsius, humidity_pct=humidity) <= celsius + 1e-9


def test_sea_level_pressure() -> None:
    station = {"pressure_station_hpa": 950, "elevation_m": 500, "temperature_c": 10}
    dew_point = DUCK.evaluate(meteorology.dew_point_c(), temperature_c=10, humidity_pct=70)
    reduced = meteorology.sea_level_pressure_hpa()

    assert DUCK.evaluate(reduced, dew_point_c=dew_point, **station) == pytest.approx(1008.51, abs=0.005)
    dry = 950 * math.exp(0.0341632 * 500 / (283.15 + 0.00325 * 500))
    assert DUCK.evaluate(reduced, **station) == pytest.approx(dry), "no dew point: as if the air were dry"
    assert DUCK.evaluate(reduced, **station | {"elevation_m": 0}) == 950
    assert DUCK.evaluate(reduced, **station | {"elevation_m": -400}) < 950


@pytest.mark.parametrize(("force", "lower_ms"), [*enumerate(meteorology.BEAUFORT_LOWER_MS, 1)])
def test_a_beaufort_force_begins_at_its_bound(force: int, lower_ms: float) -> None:
    assert DUCK.evaluate(meteorology.beaufort(), wind_speed_ms=lower_ms) == force
    assert DUCK.evaluate(meteorology.beaufort(), wind_speed_ms=math.nextafter(lower_ms, 0)) == force - 1


@pytest.mark.parametrize(("force", "knots"), [*enumerate((0, 1, 4, 7, 11, 17, 22, 28, 34, 41, 48, 56, 64)), (12, 140)])
def test_beaufort_of_the_lowest_knots_of_each_force(force: int, knots: int) -> None:
    """The scale as sailors have it, beside the bounds in m/s."""
    assert DUCK.evaluate(meteorology.beaufort(), wind_speed_ms=knots * 1852 / 3600) == force


@pytest.mark.parametrize(
    ("expression", "inputs"),
    [
        (meteorology.heat_index_c(), ("temperature_c", "humidity_pct")),
        (meteorology.wind_chill_c(), ("temperature_c", "wind_speed_ms")),
        (meteorology.dew_point_c(), ("temperature_c", "humidity_pct")),
        (meteorology.sea_level_pressure_hpa(), ("temperature_c", "elevation_m", "pressure_station_hpa")),
        (meteorology.beaufort(), ("wind_speed_ms",)),
    ],
)
def test_a_null_gives_null(expression: str, inputs: tuple[str, ...]) -> None:
    given_ = dict.fromkeys(inputs, 5.0)

    assert DUCK.evaluate(expression, **given_) is not None
    for name in inputs:
        assert DUCK.evaluate(expression, **given_ | {name: None}) is None


@pytest.mark.parametrize(
    ("winds", "east", "north"),
    [
        ([(10, 90), (10, 90)], 10, 0),
        ([(10, 350), (10, 10)], 0, 10 * math.cos(math.radians(10))),  # not the south wind of a plain mean
        ([(5, 180), (5, 0)], 0, 0),
        ([(6, 180), (None, 0), (3, None)], 0, -6),
    ],
)
def test_winds_are_averaged_as_vectors(winds: list[tuple[float | None, ...]], east: float, north: float) -> None:
    DUCK.table(
        "winds",
        {"wind_speed_ms": "DOUBLE", "wind_direction_deg": "DOUBLE"},
        [{"wind_speed_ms": speed, "wind_direction_deg": direction} for speed, direction in winds],
    )

    eastward, northward = meteorology.wind_vector()
    assert DUCK.rows(f"SELECT AVG({eastward}) AS east, AVG({northward}) AS north FROM winds") == [
        {"east": pytest.approx(east, abs=1e-9), "north": pytest.approx(north, abs=1e-9)}
    ]
