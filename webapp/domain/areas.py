"""Areas and plane distances of shapes given in degrees, without a projection library."""

import math
from typing import Any

import numpy as np
import shapely
from shapely.geometry import Polygon
from shapely.geometry.base import BaseGeometry

# WGS 84 (NIMA TR8350.2, table 3.1): equatorial radius in metres and first eccentricity.
EQUATORIAL_RADIUS_M = 6_378_137.0
MEAN_RADIUS_M = 6_371_008.8
ECCENTRICITY = math.sqrt(0.006_694_379_990_14)


def area_m2(shape: BaseGeometry) -> float:
    """Return the area on the WGS 84 ellipsoid in square metres, for a shape in degrees.

    The shape is carried over to the cylindrical equal-area projection (Snyder, *Map
    Projections: A Working Manual*, USGS 1987, equations 3-12 and 10-14), which keeps areas.
    """
    return float(shapely.transform(shape, _equal_area).area)


def _equal_area(degrees: Any) -> Any:
    longitude, latitude = np.radians(degrees[:, 0]), np.radians(degrees[:, 1])
    e, sine = ECCENTRICITY, np.sin(latitude)
    authalic = (1 - e**2) * (sine / (1 - (e * sine) ** 2) + np.arctanh(e * sine) / e)
    return np.column_stack([longitude, authalic / 2]) * EQUATORIAL_RADIUS_M


def distance_to_line_m(longitude: float, latitude: float, line: BaseGeometry) -> float:
    """Return the shortest distance in metres from a point to a line, both in degrees.

    The plane is tangent at the point to a sphere of the mean radius, which is never more than
    0.6% off: 6 m in a kilometre.
    """
    scale_y = math.radians(1) * MEAN_RADIUS_M
    scale_x = scale_y * math.cos(math.radians(latitude))

    def plane(degrees: Any) -> Any:
        return (degrees - [longitude, latitude]) * [scale_x, scale_y]

    return float(shapely.transform(line, plane).distance(shapely.Point(0, 0)))


def polygons_of(shape: BaseGeometry) -> list[Polygon]:
    """Return the polygons that a shape is made of; lines and points of it are left out."""
    if isinstance(shape, Polygon):
        return [] if shape.is_empty else [shape]
    return [piece for part in getattr(shape, "geoms", []) for piece in polygons_of(part)]
