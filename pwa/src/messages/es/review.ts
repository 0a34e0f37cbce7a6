/** La lista de lectura de quien acompaña. */
export const review = {
  review: {
    title: "Para leer",
    empty: "No hay nada esperando a ser leído.",
    choose: "Elige una entrada de la lista.",
    changed: "cambió desde que la revisaste",
    soon: "léela pronto, por favor",
    reviewedNext: "Revisada, siguiente",
    reviewed: "Revisada",
    reviewedOn: (day: string) => `revisada: ${day}`,
    undo: "Al final, sin revisar",
    keys: "Teclas",
    keyList: {
      next: "siguiente",
      previous: "anterior",
      reviewed: "revisada",
      answer: "responder",
      all: "todas las teclas",
      leave: "salir del campo de respuesta",
    },
    takenBack: "Esta entrada se retiró. Ya no se puede abrir.",
    patientPage: "Página del paciente",
    entry: "Entrada",
    patient: "Paciente",
  },
} as const;
