// On every page. Nothing here is needed to buy; it only makes buying smoother.
import "./cart.js";
import "./gallery.js";
import "./live.js";
import "./suggestions.js";
import { fillHeader, tellLocalTimes } from "./page.js";

fillHeader();
tellLocalTimes();
addEventListener("pageshow", fillHeader);
document.querySelector("[data-errors]")?.focus();
