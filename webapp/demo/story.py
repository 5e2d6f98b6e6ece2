"""What people send and do in the demonstration: the words of its stories, no machinery."""

from dataclasses import dataclass, field, replace

# How well a phone in the open knows where it is.
USUAL_ACCURACY_M = 9.0


@dataclass(frozen=True)
class Sending:
    """One report of one phone.

    ``hours_later`` counts from the episode's beginning; ``east_m`` and ``north_m`` say how far
    from the spot the phone stood. ``phone`` names a witness: the same name is the same phone.
    ``is_also_seen`` says "Tôi cũng thấy" of the case that the episode's first report opened;
    ``copy_of`` names the episode whose first photo is passed on as one's own.
    """

    phone: str
    pictures: tuple[str, ...]
    words: str = ""
    hours_later: float = 0.0
    east_m: float = 0.0
    north_m: float = 0.0
    accuracy_m: float = USUAL_ACCURACY_M
    contact_phone: str = ""
    is_also_seen: bool = False
    copy_of: str = ""


@dataclass(frozen=True)
class Step:
    """One act of an officer of the lead commune, some hours after the episode began.

    ``nth`` counts the episode's photos, or its reports where one is split off; ``other`` names
    the episode whose case is merged.
    """

    act: str
    hours_later: float
    words: str = ""
    picture: str = ""
    severity: int = 0
    reason_code: str = ""
    nth: int = 0
    other: str = ""


@dataclass(frozen=True)
class Episode:
    """One trouble at one spot: who reported it, and what the commune did.

    ``day`` counts back from the day of loading; ``clock`` is the local time of the first report.
    ``name`` is for the others that speak of it.
    """

    day: int
    clock: str
    spot: str
    category: str
    sendings: tuple[Sending, ...]
    steps: tuple[Step, ...] = field(default=())
    name: str = ""


def one(picture: str, words: str = "", phone: str = "", **details: object) -> tuple[Sending, ...]:
    """Return the sending of one phone with one picture."""
    return (replace(Sending(phone, (picture,), words), **details),)  # type: ignore[arg-type]


def also(phone: str, words: str, hours_later: float, **details: object) -> tuple[Sending, ...]:
    """Return a "Tôi cũng thấy" of one phone, without a photo."""
    sending = Sending(phone, (), words, hours_later, is_also_seen=True)
    return (replace(sending, **details),)  # type: ignore[arg-type]


def seen(hours: float) -> tuple[Step, ...]:
    """Open the case and do nothing yet."""
    return (Step("view", hours),)


def taken(hours: float, words: str = "") -> tuple[Step, ...]:
    """Open the case, show its first photo, acknowledge it."""
    return (
        Step("view", hours),
        Step("show_photo", hours + 0.05),
        Step("acknowledge", hours + 0.1, words),
    )


def working(hours: float, start: float, words: str = "") -> tuple[Step, ...]:
    """Take a case on and start."""
    return (*taken(hours), Step("start", start, words))


def solved(
    hours: float, start: float, done: float, picture: str, sentence: str
) -> tuple[Step, ...]:
    """Take a case on, start and resolve it with a photo that is shown."""
    return (*working(hours, start), Step("resolve", done, sentence, picture))


PAVEMENT, CORRIDOR = "pavement_encroachment", "corridor_encroachment"
CROSSING, ROAD = "self_opened_crossing", "road_damage"
VISIBILITY, SIGN, PARKING = "poor_visibility", "traffic_sign", "illegal_parking"
CONGESTION, TRUCK = "congestion", "overloaded_vehicle"

DAY = 24.0

# One story is one paragraph here; a formatter would spread it over a page.
# fmt: off
EPISODES = (
    # Three months to one month ago: most of it is over.
    Episode(88, "07:40", "khanh_hai_market", PAVEMENT,
        one("pavement-market", "Chợ bày hết ra vỉa hè, học sinh phải đi dưới lòng đường.", "lan"),
        solved(2.2, 26, 6 * DAY + 3, "pavement-market-after",
               "Đã vận động các hộ kẻ vạch, thu gọn hàng vào trong; vỉa hè thông thoáng.")),
    Episode(86, "08:15", "vinh_hai_road", ROAD,
        (*one("road-coast", "Ổ gà sâu, tối qua có người ngã.", "tuan"),
         *one("road-coast", phone="hoa", hours_later=5, east_m=8, north_m=-5)),
        solved(1.5, 4, 3 * DAY + 2, "road-coast-after", "Đã vá nhựa đoạn 40 m và dọn đá rơi.")),
    Episode(83, "09:05", "ho_hai_rail", CROSSING,
        one("crossing-track", "Lối tự mở, xe máy qua lại cả ngày.", "binh"),
        solved(2.6, 28, 16 * DAY, "crossing-gate-after",
               "Đã rào một bên và dựng biển báo; người gác trực giờ cao điểm.")),
    Episode(80, "14:20", "thanh_hai_centre", PARKING,
        one("parking-cars", "Xe đỗ kín một bên đường trước cổng chợ.", "dung"),
        solved(0.8, 3, 2 * DAY + 1, "parking-coaches-after",
               "Đã kẻ vạch cấm đỗ và nhắc các chủ xe.")),
    Episode(77, "07:20", "tan_hai_bend", VISIBILITY,
        one("visibility-tree", "Cây che hết biển báo ở khúc cua.", "phuong"),
        solved(2.0, 25, 5 * DAY + 3, "visibility-tree-after", "Đã tỉa cành, biển báo nhìn rõ.")),
    Episode(74, "08:50", "khanh_hai_school", CONGESTION,
        (*one("congestion-school", "Giờ tan học xe kẹt cứng trước cổng trường.", "mai"),
         *one("congestion-school", "", "long", hours_later=0.4, east_m=-12, north_m=6)),
        solved(1.2, 24.5, 9 * DAY + 2, "pavement-street-after",
               "Đã bố trí chỗ chờ đón và dân quân điều tiết giờ tan học.")),
    Episode(66, "15:30", "xuan_hai_highway", CORRIDOR,
        one("corridor-stall", "Mái che dựng sát mép quốc lộ.", "nam"),
        solved(17.0, 42, 9 * DAY + 1, "corridor-stall-after",
               "Hộ dân đã tự tháo dỡ mái che trong hành lang quốc lộ.")),
    Episode(63, "07:55", "tri_hai_road", ROAD,
        one("road-pothole", "Ổ gà giữa đường, mưa xuống không thấy.", "kieu"),
        solved(2.4, 6, 4 * DAY + 3, "road-pothole-after", "Đã vá mặt đường.")),
    Episode(60, "16:05", "ho_hai_junction", SIGN,
        one("sign-fallen", "Biển báo bị xe tông đổ ra mặt đường.", "quan"),
        solved(0.5, 1.2, 1.0 * DAY, "sign-fallen-after", "Đã dựng lại biển báo.")),
    Episode(57, "09:40", "phuong_hai_centre", ROAD,
        one("road-culvert", "Nắp cống sập, đã có người rơi xe xuống.", "yen"),
        (Step("view", 0.6), Step("raise_severity", 0.7, "Hố sâu, giữa đường, không đèn.",
                                 severity=3),
         Step("show_photo", 0.8), Step("acknowledge", 0.9), Step("start", 2),
         Step("resolve", 2 * DAY, "Đã lắp nắp cống bê tông mới.", "road-culvert-after"))),
    Episode(52, "08:30", "vinh_hy_bay", PARKING,
        (*one("parking-coaches", "Xe khách đỗ hai hàng, không còn lối xuống bến.", "thao"),
         *one("parking-coaches", "", "khanh", hours_later=2, east_m=10, north_m=8),
         *one("parking-coaches", "Cuối tuần nào cũng vậy.", "vy", hours_later=26, east_m=-9)),
        solved(1.0, 5, 6 * DAY + 2, "parking-coaches-after",
               "Đã mở bãi đỗ tạm ở đầu làng, cắm biển cấm đỗ ven bến."),
        "coaches_of_vinh_hy"),
    Episode(48, "07:10", "khanh_hai_bridge", SIGN,
        one("sign-light-out", "Đèn ngã ba tắt hai tuần nay.", "hai"),
        solved(1.4, 8, 7 * DAY + 2, "sign-fallen-after", "Đã thay bộ điều khiển đèn và biển phụ.")),
    Episode(45, "10:45", "nhon_hai_coast", TRUCK,
        one("truck-sand", "Xe cơi thành thùng chở cát, cát rơi đầy đường.", "phong"),
        solved(2.8, 26, 8 * DAY, "road-pothole-after",
               "Đã lập biên bản, chủ xe cắt thành thùng cơi nới; quét cát trên đường.")),
    Episode(44, "10:10", "nhon_hai_market", PAVEMENT,
        one("pavement-street", "Dù và bàn ghế lấn hết vỉa hè.", "sau"),
        solved(3.0, 27, 12 * DAY, "pavement-street-after", "Các hộ đã tháo dù, trả lại vỉa hè.")),
    Episode(41, "08:05", "thanh_hai_harbour", PAVEMENT,
        one("pavement-market-bikes", "Xe máy và hàng khô lấn xuống đường.", "diem"),
        solved(26.0, 50, 24 * DAY, "pavement-market-after",
               "Đã sắp xếp lại chỗ để xe phía sau chợ.")),
    # Last month: some late, some under way.
    Episode(38, "09:15", "xuan_hai_rail", CORRIDOR,
        one("corridor-railway", "Nhà tạm và hàng rào sát đường ray.", "bao"),
        working(3.0, 30, "Đã mời chủ hộ làm việc lần một.")),
    # Ten photos and two who only say that they saw it too: one case.
    Episode(35, "07:45", "vinh_hai_market", PAVEMENT,
        (*one("pavement-market", "Sạp hàng bày kín vỉa hè trước chợ.", "ngoc",
              contact_phone="0912 000 111"),
         *one("pavement-market", "", "tam", hours_later=3, east_m=12, north_m=6),
         *one("pavement-market", "Tan học, cháu tôi suýt bị xe quẹt.", "ut", hours_later=9.2,
              east_m=-8, north_m=-5, accuracy_m=14),
         *one("pavement-market-close", "Người đi bộ phải xuống lòng đường.", "hung",
              hours_later=27, east_m=-10, north_m=9),
         *also("thoa", "Ngày nào đi chợ tôi cũng phải né xe.", 30.5, east_m=4, north_m=-6),
         *one("pavement-market", "Chiều tối vẫn bày.", "ly", hours_later=34.2, east_m=6),
         *one("pavement-market", "", "nhung", hours_later=51.5, east_m=-14, north_m=-3,
              accuracy_m=22),
         *one("pavement-market-night", "Tối còn treo đèn bán tiếp.", "dao", hours_later=60,
              east_m=9, north_m=3),
         *one("pavement-market", "Xe lăn của má tôi không qua được.", "hoang", hours_later=73,
              east_m=3, north_m=11),
         *also("kiet", "", 75.4, north_m=5),
         *one("pavement-market", "Vẫn như cũ.", "ngoc", hours_later=99, east_m=2, north_m=-4),
         *one("pavement-market", "", "sanh", hours_later=120.5, east_m=-6, north_m=8)),
        (*working(2.3, 29), Step("show_words", 2.5), Step("show_photo", 29.1, nth=1),
         Step("show_photo", 29.2, nth=2), Step("show_photo", 52, nth=4),
         Step("note", 9 * DAY, "Ban quản lý chợ hẹn dời sạp trước ngày 25.")),
        "market"),
    # One photo shows the same road, but tells of another trouble.
    Episode(33, "13:50", "khanh_hai_west", ROAD,
        (*one("road-cracks", "Mặt đường bong tróc cả đoạn dài.", "toan"),
         *one("road-cracks", "Nắp hố ga trước nhà tôi mất, không phải chỗ bong tróc.", "phien",
              hours_later=43, east_m=11, north_m=-6)),
        (*taken(2.0),
         Step("split", 44.5, "Hố ga mất nắp là việc khác, giao tổ thoát nước.", nth=1))),
    Episode(31, "16:20", "ho_hai_highway", CORRIDOR,
        (*one("corridor-stall", "Quán dựng mái ngay mép quốc lộ 1A.", "thinh"),
         *one("corridor-stall", "", "cuong", hours_later=18, east_m=-14, north_m=4)),
        working(17.5, 44, "Đã lập biên bản, hẹn tháo dỡ.")),
    Episode(29, "08:25", "tri_hai_lagoon", VISIBILITY,
        one("visibility-bend", "Bảng quảng cáo che khúc cua.", "hanh"),
        seen(30.0)),
    Episode(27, "10:30", "nhon_hai_fields", ROAD,
        one("road-pothole", "Đường ra ruộng hỏng nặng.", "sang")),
    Episode(25, "07:35", "khanh_hai_school", PAVEMENT,
        (*one("pavement-street", "Hàng ăn sáng chiếm vỉa hè trước cổng trường.", "mai"),
         *one("pavement-street", "", "phuc", hours_later=1.5, east_m=12)),
        solved(1.8, 25, 11 * DAY, "pavement-street-after",
               "Đã chuyển các hàng ăn vào sân nhà văn hóa.")),
    Episode(23, "09:00", "tan_hai_highway", TRUCK,
        one("truck-stone", "Xe ben chở đá không che bạt, đá rơi xuống đường.", "khoi"),
        working(2.2, 4.5)),
    Episode(22, "14:40", "vinh_hai_pass", ROAD,
        (*one("road-coast", "Sạt mép đường đèo sau mưa.", "dat"),
         *one("road-coast", "", "linh", hours_later=4, east_m=12, north_m=-8)),
        (Step("view", 0.7), Step("raise_severity", 0.8, "Đường đèo, một bên là vực.", severity=4),
         Step("show_photo", 0.9), Step("acknowledge", 0.95), Step("start", 1.6),
         Step("resolve", 21.0, "Đã kè tạm, gia cố mép đường và cắm cọc tiêu.",
              "road-coast-after"))),
    Episode(20, "08:55", "phuong_hai_lagoon", PARKING,
        one("parking-cars", "Xe tải đỗ chắn lối xuống bến.", "nhan"),
        solved(2.1, 5, 4 * DAY, "parking-coaches-after", "Đã dời xe và cắm biển cấm đỗ.")),
    Episode(19, "11:10", "xuan_hai_fields", ROAD,
        one("road-pothole", "", "an"),
        (*taken(3.9),)),
    Episode(17, "07:30", "thanh_hai_cape", PARKING,
        (*one("parking-coaches", "Khách tham quan đỗ xe giữa đường.", "oanh"),
         *one("parking-coaches", "", "giang", hours_later=6, east_m=11, north_m=-7)),
        taken(2.4)),
    Episode(16, "15:15", "ho_hai_lane", ROAD,
        one("road-cracks", "Đường liên thôn vỡ mặt.", "minh")),
    Episode(14, "08:00", "khanh_hai_junction", CONGESTION,
        one("congestion-junction", "Ngã ba chợ kẹt từ 7 giờ sáng.", "lan"),
        working(1.6, 6, "Đã đặt rào phân luồng tạm.")),
    Episode(13, "09:30", "vinh_hai_road", SIGN,
        one("sign-fallen", "Biển báo dốc bị đổ.", "trinh"),
        solved(2.0, 22, 2 * DAY, "sign-fallen-after", "Đã dựng lại biển báo dốc.")),
    Episode(12, "16:35", "tri_hai_hill", TRUCK,
        one("truck-stone", "Xe quá tải chạy ban đêm.", "duc"),
        (Step("view", 16.0), Step("hide_photo", 16.1, reason_code="plate_visible"),
         Step("acknowledge", 16.2))),
    # Three weeks after it was cleared: a relapse.
    Episode(11, "07:50", "nhon_hai_market", PAVEMENT,
        (*one("pavement-street", "Lại bày ra như cũ.", "sau"),
         *one("pavement-street", "", "hien", hours_later=2, east_m=9),
         *one("pavement-street", "Xe cấp cứu không vào được.", "loc", hours_later=25,
              north_m=12)),
        working(2.5, 26)),
    Episode(10, "08:20", "xuan_hai_station", CROSSING,
        one("crossing-field", "Lối mở mới cạnh ga, trẻ em băng qua đường ray.", "chi",
            contact_phone="0913 000 222"),
        (Step("view", 1.1), Step("show_photo", 1.2), Step("show_words", 1.3),
         Step("acknowledge", 1.4), Step("start", 5, "Đã cử dân quân đứng gác tạm."))),
    Episode(9, "10:00", "tan_hai_lane", ROAD, one("road-culvert", "Nắp cống vỡ.", "que"),
        solved(0.9, 2, 3 * DAY, "road-culvert-after", "Đã thay nắp cống.")),
    # This week: fresh work for every queue.
    Episode(7, "07:25", "khanh_hai_bridge", PAVEMENT,
        (*one("pavement-market-bikes", "Xe bán trái cây chiếm cả đầu cầu.", "thu"),
         *one("pavement-market-bikes", "", "vinh", hours_later=3.5, east_m=-13, north_m=5)),
        taken(2.1)),
    # The same stall from behind: only who knows the place can tell.
    Episode(6, "16:40", "khanh_hai_bridge", PAVEMENT,
        one("pavement-market-end", "Hàng trái cây đầu cầu lấn hết lề, tôi chụp từ phía chợ.",
            "hoai", east_m=8, north_m=-5, accuracy_m=12)),
    Episode(6, "14:10", "vinh_hy_viewpoint", VISIBILITY,
        one("visibility-bend", "Bụi cây lấn ra, không thấy xe ngược chiều.", "hieu"),
        (*taken(18.0),
         Step("merge", 18.6, "Cùng một khúc cua: bụi cây che cả đường lẫn biển.",
              other="sign_in_the_bend"))),
    Episode(6, "16:25", "vinh_hy_viewpoint", VISIBILITY,
        one("visibility-tree", "Cành cây che luôn biển báo ở khúc cua này.", "bon",
            east_m=12, north_m=7), name="sign_in_the_bend"),
    Episode(6, "09:20", "phuong_hai_north", ROAD, one("road-pothole", "", "bich"), seen(25.0)),
    Episode(5, "08:40", "thanh_hai_harbour", CONGESTION,
        one("congestion-junction", "Xe đông lạnh chờ cân chắn hết đường cảng.", "kha"),
        working(1.5, 8)),
    Episode(5, "16:00", "ho_hai_track", CROSSING,
        (*one("crossing-track", "Tàu qua mà không ai báo.", "binh"),
         *one("crossing-track", "", "lam", hours_later=1, east_m=10, north_m=10)),
        (Step("view", 16.5), Step("show_photo", 16.6), Step("acknowledge", 16.7))),
    Episode(4, "07:15", "vinh_hai_clinic", PARKING,
        one("parking-cars", "Xe hàng đỗ trước cổng trạm y tế.", "ngoc")),
    # A photo from another village, two months old.
    Episode(4, "17:10", "ninh_chu_road", PARKING,
        (Sending("toi", (), "Xe khách đỗ kín đường ra biển.", copy_of="coaches_of_vinh_hy"),)),
    # Across the street from the lorries of the day before: another trouble, but near.
    Episode(3, "07:40", "vinh_hai_clinic", PARKING,
        one("parking-coaches", "Xe khách đậu đón người bệnh, choán hết bên kia đường.", "tho",
            east_m=6, north_m=21)),
    Episode(3, "15:40", "tri_hai_road", TRUCK,
        one("truck-sand", "Xe cát chạy nhanh qua trường học.", "kieu"), seen(17.0)),
    Episode(2, "08:10", "nhon_hai_coast", ROAD,
        (*one("road-coast", "Ổ gà mới sau trận mưa.", "phong"),
         *one("road-coast", "", "tien", hours_later=2, east_m=7, north_m=-9)),
        taken(1.9)),
    # Long after the watch period: a later case of the same place.
    Episode(2, "09:50", "khanh_hai_market", PAVEMENT,
        one("pavement-market", "Chợ lại tràn ra lề.", "mai")),
    Episode(1, "05:50", "vinh_hai_pass_north", ROAD,
        one("road-coast", "Sạt nửa mặt đường đèo, xe phải tránh sát vực.", "dat"),
        (Step("view", 0.4), Step("raise_severity", 0.5, "Đường đèo sạt, nguy hiểm ngay.",
                                 severity=4),
         Step("show_photo", 0.6), Step("show_words", 0.65), Step("acknowledge", 0.7),
         Step("start", 1.2, "Đã cắm biển, cử người gác hai đầu."))),
    # The next trouble of the same road, some steps on.
    Episode(1, "06:35", "nhon_hai_coast", ROAD,
        one("road-cracks", "Mặt đường nứt vỡ, cách ổ gà mấy bước chân.", "trieu",
            east_m=15, north_m=5)),
    Episode(1, "06:40", "vinh_hy_pier", PARKING,
        (*one("parking-coaches", "Xe khách đỗ từ đêm.", "thao"),
         *one("parking-coaches", "", "quyen", hours_later=0.5, east_m=-8, north_m=4))),
    Episode(1, "07:05", "ninh_chu_beach", SIGN,
        one("sign-light-out", "Đèn đường ven biển không sáng.", "dong")),
)
# fmt: on


@dataclass(frozen=True)
class HeldStory:
    """A report that no machine can place, and what the desk did with it.

    ``kind`` is a hold code; ``place`` is a spot's name or a name in ``places.OUTSIDE``.
    """

    kind: str
    day: int
    clock: str
    phone: str
    category: str
    pictures: tuple[str, ...]
    words: str = ""
    place: str = ""
    commune_hint: str = ""
    dismissed_because: str = ""
    desk_words: str = ""
    placed_at: str = ""


# fmt: off
HELD = (
    HeldStory("no_position", 3, "19:20", "thuy", ROAD, ("other-night",),
        "Đường tối không có đèn, gần nhà thờ.", commune_hint="Vĩnh Hải"),
    HeldStory("no_position", 1, "07:30", "gia", PAVEMENT, ("pavement-street",),
        "Trước cổng chợ chiều.", commune_hint="Tân Hải"),
    HeldStory("outside_boundaries", 4, "10:20", "my", PARKING, ("parking-coaches",),
        "Bến ca nô.", place="sea"),
    HeldStory("outside_boundaries", 2, "17:10", "san", ROAD, ("road-cracks",), "", "next_town"),
    HeldStory("impossible_time", 5, "08:45", "luc", ROAD, ("road-pothole",),
        "Ảnh chụp hôm qua.", "tri_hai_road"),
    HeldStory("category_needs_person", 6, "16:50", "be", "other", ("other-sheep",),
        "Đàn cừu qua đường mỗi chiều, không ai dẫn.", "vinh_hai_road"),
    HeldStory("category_needs_person", 2, "11:25", "tu", "other", ("other-rubbish",),
        "Đổ xà bần ra mép đường.", "khanh_hai_west"),
    HeldStory("no_photo_readable", 3, "13:15", "nga", ROAD, ("damaged",), "Ổ gà lớn."),
    HeldStory("attempts_exhausted", 8, "09:10", "ky", ROAD, ("road-cracks",), "",
        "nhon_hai_fields"),
    HeldStory("uncertain_time", 3, "17:40", "phu", PAVEMENT, ("pavement-street",),
        "Ảnh người quen gửi qua Zalo, tôi không rõ chụp hôm nào.", "khanh_hai_school"),
    # What the desk has dealt with.
    HeldStory("no_position", 15, "20:05", "test", "other", ("other-night",), "thử máy",
        dismissed_because="test", desk_words="Người gửi nói chỉ gửi thử máy."),
    HeldStory("no_position", 18, "08:35", "huong", VISIBILITY, ("visibility-tree",),
        "Cây che biển trước trường mẫu giáo.", commune_hint="Phương Hải",
        placed_at="phuong_hai_centre", desk_words="Đã gọi hỏi: trước trường mẫu giáo."),
    HeldStory("fix_not_of_photo", 1, "08:10", "luan", ROAD, ("road-pothole",),
        "Chụp chiều qua trên đường đi làm về.", "khanh_hai_west"),
)
# fmt: on
