// Thumbnails scroll the stage and not the page; choosing a variant brings its picture.

function show(picture) {
  const stage = picture?.closest(".gallery__stage");
  if (stage) stage.scrollTo({ left: picture.offsetLeft - stage.offsetLeft });
}

document.addEventListener("click", (event) => {
  const link = event.target.closest(".gallery__thumbs a");
  if (!link) return;
  event.preventDefault();
  show(document.querySelector(link.hash));
});

document.addEventListener("swapped", () => {
  const picture = document.getElementById("buy")?.dataset.picture;
  if (picture) show(document.getElementById(picture));
});
