/** What notices on a lock screen say by themselves, and the page that a tap on one opens: a stranger may read it. */
export const notices = {
  notices: {
    title: "Aftertide",
    unreadable: "There is something for you. Open the app.",
    confirmed: "Confirmed.",
    snoozed: "Again in one hour.",
    "too-late": "This appointment has begun, has another time or is off. Open the app.",
    "not-sent": "That didn’t go out. Open the app.",
    page: {
      title: "A reminder",
      what: "What would you like to do?",
      confirm: "Confirm",
      snooze: "Again in one hour",
      open: "Open the app",
      noToken: "This page no longer knows which reminder it is about. The app shows what is next.",
    },
  },
} as const;
