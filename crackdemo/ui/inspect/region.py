"""The region of interest while it is drawn: clicks become corners, corners become polygons."""

from dataclasses import dataclass, replace

from crackdemo.masks.region import Polygon


@dataclass(frozen=True)
class Region:
    """What of the photos counts."""

    polygons: tuple[Polygon, ...] = ()
    """Their union counts, on every photo; none means the whole photo."""
    corners: Polygon = ()
    """Of the polygon that is being drawn, (x, y) in fractions of the photo."""

    def with_corner(self, x: float, y: float, shape: str) -> "Region":
        """After a click, in fractions of the photo; a "Box" is done after two, a polygon is not."""
        corners = (*self.corners, (min(max(x, 0.0), 1.0), min(max(y, 0.0), 1.0)))
        if shape == "Box" and len(corners) == 2:
            (left, top), (right, bottom) = corners
            box = ((left, top), (right, top), (right, bottom), (left, bottom))
            return Region((*self.polygons, box))
        return replace(self, corners=corners)

    def closed(self) -> "Region":
        """With the corners as a polygon, if there are enough of them."""
        if len(self.corners) < 3:
            return self
        return Region((*self.polygons, self.corners))

    def undone(self) -> "Region":
        """Without the last corner, or else the last polygon."""
        if self.corners:
            return replace(self, corners=self.corners[:-1])
        return Region(self.polygons[:-1])
