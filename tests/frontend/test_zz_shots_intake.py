"""Screenshots."""
from tests.frontend.conftest import *  # noqa
from tests.frontend.form import add_photo, fill
from tests.frontend.test_border import AT_THE_BORDER, AT_SEA
from tests.servers.browser import PHONE, DESKTOP
OUT = "/tmp/anlo4/intake/"
def test_shots(phone, picture):
    page = phone(geolocation=None, permissions=[]); page.goto("/report"); page.wait_for_timeout(800)
    page.screenshot(path=OUT+"noplace-360.png")
    page.screenshot(path=OUT+"noplace-360-full.png", full_page=True)
    for theme in ("light","dark"):
        page = phone(geolocation=AT_THE_BORDER, color_scheme=theme); fill(page, picture()); page.wait_for_timeout(1500)
        page.screenshot(path=OUT+f"border-{theme}.png", full_page=True)
        page.get_by_role("button", name="Đúng rồi").click(); page.wait_for_timeout(300)
        page.screenshot(path=OUT+f"border-kept-{theme}.png", full_page=True)
    page = phone(geolocation=AT_SEA); fill(page, picture()); page.wait_for_timeout(1500)
    page.screenshot(path=OUT+"outside.png", full_page=True)
    page = phone(DESKTOP, geolocation=AT_THE_BORDER); fill(page, picture()); page.wait_for_timeout(1500)
    page.screenshot(path=OUT+"border-1280.png", full_page=True)
    page = phone(geolocation=None, permissions=[]); fill(page, picture()); page.get_by_role("button", name="Gửi phản ánh", exact=True).click(); page.wait_for_timeout(500)
    page.screenshot(path=OUT+"asked-place.png")
