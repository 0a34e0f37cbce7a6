/** Volver a conectar con quien tiene claves nuevas o ha perdido todas las entradas; devolver, volver a compartir. */
export const reconnecting = {
  reconnecting: {
    title: "Volver a conectar",
    newKeys: (name: string) => `${name} tiene claves nuevas`,
    newKeysWhat: (name: string) =>
      `No sale nada nuevo hacia ${name} hasta volver a conectar. Lo que escribas mientras tanto se guarda y sale entonces.`,
    newKeysWhy:
      "Las claves son nuevas cuando alguien las renueva, por ejemplo tras perder un teléfono. También puede ser que el servidor muestre una clave que no es suya. Pregunta antes, en persona o por teléfono.",
    mine: (name: string) => `Tienes claves nuevas. Vuelve a conectar con ${name}`,
    mineWhat: {
      patient: (name: string) =>
        `Pide a ${name} un enlace para volver a conectar y ábrelo en este dispositivo. Lo crea en tu página, en su aplicación. Hasta entonces no le llega nada nuevo; lo que compartas espera aquí.`,
      therapist: (name: string) =>
        `Pide a ${name} un enlace para volver a conectar y ábrelo en este dispositivo. Lo crea en tu página, en su aplicación. Hasta entonces no le llega nada nuevo; lo que escribas espera aquí.`,
    },
    look: "Qué hacer",
    whenShort: "Tras claves nuevas, o al perder todas las formas de entrar",
    when: (name: string) =>
      `Crea un enlace cuando ${name} tenga claves nuevas, o haya perdido todas las entradas y empiece de nuevo. Es solo para ${name}: dáselo en persona, o después de oír su voz.`,
    operator:
      "Un terapeuta que ha perdido todas las entradas empieza primero de nuevo, con un enlace de quien lleva este servidor.",
    make: "Crear un enlace para volver a conectar",
    making: "Creando el enlace",
    ready: (name: string) => `Enlace para ${name}`,
    open: (day: string) => `Hay un enlace que espera su respuesta, hasta el ${day}.`,
    byLink: (day: string) => `Por un enlace para volver a conectar, el ${day}.`,
    earlierKeys: {
      one: "Se conserva # clave anterior. Abre lo que llegó con ella y nada nuevo.",
      other: "Se conservan # claves anteriores. Abren lo que llegó con ellas y nada nuevo.",
    },
    former: "Cuenta anterior",
    formerTitle: (name: string) => `Esta es una cuenta anterior de ${name}`,
    formerWhat:
      "Otra está en su lugar. Lo que llegó de esta se sigue pudiendo leer. No se comparte nada nuevo con ella.",
    standsFor: (name: string) => `Esta cuenta está en el lugar de una anterior de ${name}.`,
    join: {
      asks: (name: string, practice: string) => `${name}, de ${practice}, te pide volver a conectar.`,
      asksTherapist: (name: string) => `${name} te pide volver a conectar.`,
      same: (name: string) =>
        `${name} recibe la clave que tu cuenta tiene ahora, y lo que espera entre los dos puede salir. Con esto no se comparte nada de lo que escribiste, y no se pierde nada.`,
      place: {
        patient: (name: string) =>
          `Esta cuenta pasa a estar en el lugar de tu cuenta anterior con ${name}. Lo que habías compartido, ${name} te lo puede devolver. Lo que solo tú podías leer se perdió con la cuenta anterior.`,
        therapist: (name: string) =>
          `Esta cuenta pasa a estar en el lugar de tu cuenta anterior con ${name}, que elige qué vuelve a compartir. Lo que guardabas para ti en la cuenta anterior se perdió con ella.`,
      },
      yes: (name: string) => `Sí, volver a conectar con ${name}`,
      canSignIn: "¿Todavía puedes entrar?",
      canSignInWhat: "Entonces entra primero y vuelve a abrir el enlace. No se pierde nada.",
      lost: "¿Has perdido la frase de acceso, la clave de recuperación y las llaves de acceso?",
      lostWhat: (name: string) =>
        `Entonces crea aquí una cuenta nueva. Lo que solo tú podías leer se perdió. Lo que habías compartido, ${name} te lo puede devolver. La cuenta anterior conserva su correo: usa otro.`,
      lostGo: "He perdido todas las entradas",
      lostTherapist:
        "Entonces pide a quien lleva este servidor un enlace para empezar. Cuando tengas la cuenta nueva, vuelve a abrir este enlace.",
      done: (name: string) => `Has respondido a ${name}.`,
      doneSame: (name: string) => `En cuanto el dispositivo de ${name} lo haya visto, sale lo que espera.`,
      donePlace: {
        patient: (name: string) => `Cuando ${name} devuelva lo que habías compartido, el diario te lo dirá.`,
        therapist: (name: string) => `Cuando ${name} vuelva a compartir, lo encuentras en Para leer y en su página.`,
      },
      both: (name: string) =>
        `${name} también tiene claves nuevas. Mira su página: hace falta también tu propio enlace, para que los dos lados estén verificados.`,
      notForYou: "Este enlace es para la otra parte.",
    },
    give: {
      title: (name: string) => `Devolver a ${name}`,
      can: {
        one: "La cuenta anterior había compartido # entrada que aquí se abre.",
        other: "La cuenta anterior había compartido # entradas que aquí se abren.",
      },
      nothing: "Aquí no se abre nada de lo que compartió la cuenta anterior, así que no hay nada que devolver.",
      gone: "Lo que nunca se compartió, o se retiró, no se puede devolver: nadie más lo tiene.",
      seen: (name: string) => `He visto a ${name} o hemos hablado desde entonces, y es la misma persona.`,
      seenMissing: "Antes hay que verse o hablar.",
      go: "Devolverlo",
      rest: "Devolver el resto",
      progress: (made: string, all: string) => `${made} de ${all}, devuelto`,
      unsent: {
        one: "# espera a salir. Sale por sí sola.",
        other: "# esperan a salir. Salen por sí solas.",
      },
      notice: (name: string) => `${name} tiene una cuenta nueva`,
      noticeWhat: "Puedes devolver lo que la anterior había compartido.",
    },
    back: {
      title: (name: string) => `${name} devuelve lo que habías compartido`,
      entries: { one: "# entrada de tu cuenta anterior", other: "# entradas de tu cuenta anterior" },
      what: "Llegan a tu diario como tuyas, marcadas, y allí no las lee nadie más. Lo que nunca compartiste no puede volver: nadie más lo tenía.",
      go: "Ponerlas en mi diario",
      taken: {
        one: "# entrada que habías compartido está otra vez en tu diario.",
        other: "# entradas que habías compartido están otra vez en tu diario.",
      },
    },
    anew: {
      title: (name: string) => `Volver a compartir con ${name}`,
      what: (name: string) =>
        `Se compartieron con una cuenta anterior de ${name}, que ya nadie puede abrir. Elige qué puede leer la nueva. Cada una se comparte como antes, y nada sale por sí solo.`,
      agreement: "Primero va el acuerdo de lectura, también con la cuenta nueva.",
      go: { one: "Compartir # entrada", other: "Compartir # entradas" },
      none: "Todo lo que se compartió con la cuenta anterior se comparte con esta.",
      notice: (name: string) => `${name} tiene una cuenta nueva`,
      noticeWhat: "Puedes volver a compartir lo que la anterior podía leer.",
    },
  },
};
