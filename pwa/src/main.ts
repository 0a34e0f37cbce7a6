/** The first script: asks for the words, and for the screen where one comes in, while the app itself is on its way. */
import { fetchEntrance, isEntrance } from "./entrance";
import { browserLanguage, CATALOGUES } from "./messages/catalogues";
import { routeOf } from "./ui/routes";

const language = browserLanguage();
// What fails here is asked for again by the app.
CATALOGUES[language]().catch(() => undefined);
const { name } = routeOf(location.pathname);
if (isEntrance(name)) fetchEntrance(name, language);
// Not awaited here: the app takes from this script what both need.
void import("./app");
