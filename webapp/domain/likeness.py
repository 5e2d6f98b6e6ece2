"""What two photos have in common, in numbers that a decision can weigh."""

from dataclasses import dataclass


@dataclass(frozen=True)
class PhotoLikeness:
    """The likeness of two photos; the same whichever of the two is named first.

    Attributes:
        is_same_bytes: both photos are one file.
        hash_distance: Hamming distance of the 64-bit perceptual hashes, 0 to 64.
        features: the smaller number of features of the two photos; 0 is nothing to compare.
        matches: tentative matches, before geometry is asked.
        inliers: points that one movement of the camera explains ("trùng khớp 84 điểm đặc trưng").
        score: evidence that both show one scene, 0 (none) to 300: minus the decimal logarithm of
            the number of models of camera movement that chance would make fit as well, less the
            same for the best rival that the repetition of a texture offers.
        spread: share of the frame that the inliers' hull covers, 0 to 1, the smaller of the two.
    """

    is_same_bytes: bool
    hash_distance: int
    features: int
    matches: int
    inliers: int
    score: float
    spread: float
