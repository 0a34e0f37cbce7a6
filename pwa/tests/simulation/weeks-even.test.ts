import { weeks } from "./weeks";

weeks(2);
