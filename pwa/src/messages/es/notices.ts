/** Lo que dicen por sí mismos los avisos en la pantalla de bloqueo, y la página que abre un toque: puede leerlo un extraño. */
export const notices = {
  notices: {
    title: "Aftertide",
    unreadable: "Hay algo para ti. Abre la aplicación.",
    confirmed: "Confirmado.",
    snoozed: "Otra vez en una hora.",
    "too-late": "Esta cita ya ha empezado, tiene otra hora o se ha anulado. Abre la aplicación.",
    "not-sent": "No ha salido. Abre la aplicación.",
    page: {
      title: "Un recordatorio",
      what: "¿Qué quieres hacer?",
      confirm: "Confirmar",
      snooze: "Otra vez en una hora",
      open: "Abrir la aplicación",
      noToken: "Esta página ya no sabe de qué recordatorio se trata. La aplicación muestra lo que viene.",
    },
  },
} as const;
