/** The therapist's reading list. */
export const review = {
  review: {
    title: "To read",
    empty: "Nothing is waiting to be read.",
    choose: "Choose an entry from the list.",
    changed: "changed since you reviewed it",
    soon: "please read soon",
    reviewedNext: "Reviewed, next",
    reviewed: "Reviewed",
    reviewedOn: (day: string) => `reviewed ${day}`,
    undo: "Not reviewed after all",
    keys: "Keys",
    keyList: {
      next: "next",
      previous: "back",
      reviewed: "reviewed",
      answer: "answer",
      all: "all keys",
      leave: "leave the answer field",
    },
    takenBack: "This entry was taken back. It can no longer be opened.",
    patientPage: "Patient’s page",
    entry: "Entry",
    patient: "Patient",
  },
} as const;
