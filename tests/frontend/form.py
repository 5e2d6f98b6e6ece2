"""What residents do with the form, in words that several tests share."""

from playwright.sync_api import Page, expect

from webapp.domain.evidence import parse_tracking_key


def add_photo(page: Page, file: str, button: str = "Chọn ảnh có sẵn") -> None:
    """Choose a photo by the strip's own button."""
    with page.expect_file_chooser() as chooser:
        page.locator("[data-photos]").get_by_text(button).click()
    chooser.value.set_files(file)
    expect(page.locator("[data-photos] img").last).to_be_visible()


def fill(page: Page, file: str, words: str = "Hàng hóa bày kín vỉa hè") -> None:
    """Open the form and fill in what is needed."""
    page.goto("/report")
    add_photo(page, file)
    page.get_by_text("Vỉa hè bị chiếm").click()
    page.fill("#words", words)


def send(page: Page) -> None:
    """Touch the one button."""
    page.get_by_role("button", name="Gửi phản ánh", exact=True).click()


def key_on(page: Page) -> str:
    """Return the tracking key of a receipt, in the server's own form."""
    page.wait_for_url("**/receipt/**")
    return parse_tracking_key(page.locator(".key-code").inner_text())


def kept_drafts(page: Page) -> list[dict[str, object]]:
    """Read the drafts that lie on the phone."""
    drafts: list[dict[str, object]] = page.evaluate(
        """() => new Promise((resolve, reject) => {
            const opening = indexedDB.open('anlo');
            opening.onerror = () => reject(opening.error);
            opening.onsuccess = () => {
                const db = opening.result;
                const asked = db.transaction('drafts').objectStore('drafts').getAll();
                asked.onsuccess = () => { db.close(); resolve(asked.result); };
            };
        })"""
    )
    return drafts
