// Which of the chosen files are taken as photos, and a sentence for each reason against the rest.

/**
 * Sorts `files`; `room` says how many more photos the report takes.
 *
 * Returns `{taken, problems}`; a problem is `[name of a sentence, its gaps]`, so that the page
 * that leads to the form can hand it over.
 */
export function chosenPhotos(files, room) {
  const problems = [];
  // Some phones name no kind at all; the server looks at the bytes.
  const stranger = files.find((file) => file.type && !file.type.startsWith('image/'));
  if (stranger) problems.push(['photo_not_image', { name: stranger.name }]);
  const images = files.filter((file) => !file.type || file.type.startsWith('image/'));
  const empty = images.find((file) => file.size === 0);
  if (empty) problems.push(['photo_empty', { name: empty.name }]);
  const whole = images.filter((file) => file.size > 0);
  if (whole.length > room) problems.push(['photo_too_many', {}]);
  return { taken: whole.slice(0, room), problems };
}
