import { weeks } from "./weeks";

weeks(1);
