/** Renovar todas las claves: se perdió el teléfono, o alguien puede conocer la frase de acceso. */
export const newKeys = {
  newKeys: {
    title: "Claves nuevas",
    lostPhone: "He perdido el teléfono",
    lostDevice: "He perdido un dispositivo",
    renew: "Renovar todas las claves",
    afterKit:
      "¿Has perdido un dispositivo, o alguien puede conocer tu frase de acceso? Entonces renueva mejor todas las claves. Allí eliges la frase.",
    why: "Alguien puede tener tu teléfono o conocer tu frase de acceso. Con claves nuevas, nada de lo que tenga abre lo que escribas desde ahora.",
    happens: "Qué ocurre",
    signedOut: "En tus demás dispositivos se cierra la sesión al momento.",
    passphrase:
      "Eliges una frase de acceso nueva y recibes una clave de recuperación nueva. Las anteriores ya no abren nada.",
    passkeys: "Tus llaves de acceso desaparecen. Después creas otras nuevas.",
    sealed: "Todo lo que has escrito se sella con las claves nuevas. Tarda uno o dos minutos.",
    people: {
      patient: "Vuelves a conectar con tu terapeuta antes de compartir algo de nuevo.",
      therapist: "Vuelves a conectar con tus pacientes antes de compartir algo de nuevo.",
    },
    not: "Lo que las claves nuevas no pueden: recuperar lo que estaba abierto en el dispositivo perdido. Bloquéalo o bórralo también a distancia, si se puede.",
    kit: "Tu nueva clave de recuperación",
    kitWhat: "Guárdala antes de seguir. Hasta entonces nada ha cambiado y la anterior sigue sirviendo.",
    working: (done: number, all: number) => `Selladas de nuevo: ${done} de ${all}`,
    beginning: "Creando claves nuevas …",
    stay: "Deja la aplicación abierta hasta que termine. Si se corta, sigue donde estaba.",
    cutOff: "Se ha cortado. Sigue donde estaba.",
    goOn: "Seguir",
    done: "Tienes claves nuevas",
    doneWhat: "Desde ahora solo tu frase de acceso nueva y tu clave de recuperación nueva abren tu cuenta.",
    addPasskey: "Crear una llave de acceso",
    next: "Lo que queda por hacer",
    calendar: "Renueva la dirección de tu calendario",
    calendarWhat: "Quien tenga la antigua sigue viendo cuándo son tus sesiones.",
    reconnect: "Vuelve a conectar con:",
    unfinished: "Tus claves nuevas no están terminadas",
    unfinishedWhat:
      "Escribe tu frase de acceso nueva, o tu clave de recuperación nueva, para seguir donde se cortó. Si ninguna encaja, no había empezado: escribe la que tenías antes.",
    notBegun: "No había empezado: nada ha cambiado. Empieza de nuevo.",
    newPassphrase: "Frase de acceso nueva",
  },
};
