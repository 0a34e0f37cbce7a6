/** Una versión nueva, lo que comparten otras aplicaciones, la pantalla de inicio y lo que un navegador puede borrar. */
export const shell = {
  shell: {
    update: {
      title: "Hay una versión nueva lista. Lo que escribiste se queda.",
      take: "Usar la versión nueva",
      otherWindows: "Aftertide está abierto en otras ventanas. Ciérralas primero.",
      loose: "En esta pantalla hay algo en un campo que aún no se ha guardado. Termínalo o bórralo primero.",
    },
    notKept: {
      title: "Lo que compartiste no se guardó",
      signedOut: "Aquí no ha entrado nadie. Entra y compártelo otra vez.",
      noJournal: "Un texto compartido pasa a ser una entrada de un diario, y tu cuenta no tiene ninguno.",
      again: "Compártelo otra vez.",
    },
    install: {
      title: "Como aplicación propia",
      titlePhone: "En la pantalla de inicio",
      what: "Se abre con un toque, también sin conexión, y el dispositivo guarda lo que aún no se ha enviado.",
      ask: "Instalarla aquí",
      askPhone: "Ponerla en la pantalla de inicio",
      steps: ["Toca Compartir en la barra del navegador.", "Elige «Añadir a pantalla de inicio»."],
      byPasskey:
        "Abre Aftertide desde ahí y toca «Usar una llave de acceso». Guarda su propia copia, así que antes deja que salga todo lo de aquí.",
      byPassphrase: (email: string) =>
        `Abre Aftertide desde ahí y entra una vez, con ${email} y tu frase de acceso. Si tu móvil ofrece guardarlos, los rellena él. La app guarda su propia copia, así que antes deja que salga todo lo de aquí.`,
      own: "Esto es Aftertide en la pantalla de inicio",
      ownWhat: "Guarda su propia copia, aparte del navegador. Entra una vez; después se abre con un toque.",
    },
    storage: {
      installed: "En la pantalla de inicio esto no pasa: en «Tú» dice cómo.",
      title: "Lo que aún no se ha enviado solo está en este navegador",
      week: "Puede borrarlo tras siete días sin una visita. Conéctate para que salga.",
      space: "Puede borrarlo cuando este dispositivo se quede sin espacio. Conéctate para que salga.",
    },
  },
} as const;
