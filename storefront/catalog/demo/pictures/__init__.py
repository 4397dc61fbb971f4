"""The demo shop's own pictures, drawn by the shop: outlines (`shapes`), light (`canvas`), rooms (`backdrop`) and one drawing for each
kind of thing. Nothing is photographed or copied, and the same words always give the same bytes."""
