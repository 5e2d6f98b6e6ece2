"""Where the demonstration happens: named spots of the schematic district."""

import math
from dataclasses import dataclass

from webapp.domain.geo import EARTH_RADIUS_M, Position

# Thousandths of a degree east of 108.95 and south of 11.79: the sheet the district is drawn on.
SHEET_WEST, SHEET_NORTH, SHEET_STEP = 108.95, 11.79, 0.001


@dataclass(frozen=True)
class Spot:
    """A point on the sheet of the schematic, by its commune's code."""

    commune_code: str
    x: float
    y: float

    def position(self, east_m: float = 0.0, north_m: float = 0.0) -> Position:
        """Return the spot in degrees, moved by some metres as another phone would stand."""
        latitude = SHEET_NORTH - self.y * SHEET_STEP
        longitude = SHEET_WEST + self.x * SHEET_STEP
        degree_m = math.radians(1) * EARTH_RADIUS_M
        return Position(
            latitude + north_m / degree_m,
            longitude + east_m / (degree_m * math.cos(math.radians(latitude))),
        )


KHANH_HAI, HO_HAI, NHON_HAI = "22834", "22861", "22867"
PHUONG_HAI, TAN_HAI, THANH_HAI = "22852", "22855", "22868"
TRI_HAI, VINH_HAI, XUAN_HAI = "22864", "22846", "22858"

# Who manages the lines of ``corridors.geojson``.
ROAD_AUTHORITY, PROVINCE, RAILWAY = "KQLDB3", "SXD", "QLDS"

SPOTS = {
    "khanh_hai_market": Spot(KHANH_HAI, 83.5, 195.4),
    "khanh_hai_junction": Spot(KHANH_HAI, 80.6, 194.8),
    "khanh_hai_school": Spot(KHANH_HAI, 70.0, 189.9),
    "khanh_hai_bridge": Spot(KHANH_HAI, 76.0, 180.0),
    "khanh_hai_west": Spot(KHANH_HAI, 58.0, 183.1),
    "ninh_chu_beach": Spot(KHANH_HAI, 92.0, 189.6),
    "ninh_chu_road": Spot(KHANH_HAI, 88.0, 186.0),
    "ho_hai_highway": Spot(HO_HAI, 46.0, 158.1),
    "ho_hai_rail": Spot(HO_HAI, 35.0, 158.1),
    "ho_hai_track": Spot(HO_HAI, 33.0, 164.0),
    "ho_hai_junction": Spot(HO_HAI, 40.2, 170.1),
    "ho_hai_lane": Spot(HO_HAI, 60.0, 161.0),
    "xuan_hai_highway": Spot(XUAN_HAI, 56.0, 134.9),
    "xuan_hai_rail": Spot(XUAN_HAI, 46.0, 130.8),
    "xuan_hai_station": Spot(XUAN_HAI, 44.1, 139.8),
    "xuan_hai_fields": Spot(XUAN_HAI, 30.0, 124.0),
    "tan_hai_highway": Spot(TAN_HAI, 60.6, 126.2),
    "tan_hai_lane": Spot(TAN_HAI, 72.0, 138.0),
    "tan_hai_bend": Spot(TAN_HAI, 80.0, 147.0),
    "phuong_hai_centre": Spot(PHUONG_HAI, 92.0, 139.0),
    "phuong_hai_lagoon": Spot(PHUONG_HAI, 91.0, 160.0),
    "phuong_hai_north": Spot(PHUONG_HAI, 98.0, 118.0),
    "tri_hai_road": Spot(TRI_HAI, 118.0, 189.9),
    "tri_hai_lagoon": Spot(TRI_HAI, 110.0, 172.0),
    "tri_hai_hill": Spot(TRI_HAI, 125.0, 158.0),
    "nhon_hai_market": Spot(NHON_HAI, 150.0, 195.8),
    "nhon_hai_coast": Spot(NHON_HAI, 164.0, 192.3),
    "nhon_hai_fields": Spot(NHON_HAI, 158.0, 168.0),
    "thanh_hai_harbour": Spot(THANH_HAI, 181.8, 171.0),
    "thanh_hai_centre": Spot(THANH_HAI, 182.0, 194.0),
    "thanh_hai_cape": Spot(THANH_HAI, 178.0, 212.0),
    "vinh_hai_market": Spot(VINH_HAI, 196.1, 171.8),
    "vinh_hai_clinic": Spot(VINH_HAI, 199.4, 171.2),
    "vinh_hai_road": Spot(VINH_HAI, 228.0, 149.9),
    "vinh_hai_pass": Spot(VINH_HAI, 246.1, 110.0),
    "vinh_hai_pass_north": Spot(VINH_HAI, 246.6, 104.0),
    "vinh_hy_pier": Spot(VINH_HAI, 246.0, 72.0),
    "vinh_hy_bay": Spot(VINH_HAI, 245.4, 67.6),
    "vinh_hy_viewpoint": Spot(VINH_HAI, 247.0, 84.0),
}

# Nobody's land: the sea off Ninh Chữ, and a street in the next town.
OUTSIDE = {"sea": Position(11.5705, 109.0602), "next_town": Position(11.5658, 108.9921)}
