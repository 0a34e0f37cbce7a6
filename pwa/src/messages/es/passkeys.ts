/** Llaves de acceso: crearlas, usarlas, tenerlas en orden. */
export const passkeys = {
  passkeys: {
    title: "Llaves de acceso",
    use: "Usar una llave de acceso",
    or: "o",
    first: "Primero muestra que eres tú, para que quien encuentre este dispositivo no añada una llave suya.",
    shows: "Tu llave de acceso muestra que eres tú: tu dispositivo te pide la cara, el dedo o su código.",
    asks: "Tu dispositivo te pide la cara, el dedo o su código.",
    what: "Con una llave de acceso, la cara, el dedo o el código de tu dispositivo abren tu diario. No hay nada que escribir ni nada que una página falsa pueda pedirte.",
    none: "Aún no tienes ninguna llave de acceso.",
    made: (day: string) => `creada el ${day}`,
    used: (day: string) => `usada por última vez el ${day}`,
    neverUsed: "aún sin usar",
    copies:
      "El fabricante de tu dispositivo puede copiarla a tus otros dispositivos. Entonces es tan segura como tu cuenta allí: quien entre en esa cuenta entra aquí.",
    stays: "Se queda en el dispositivo que la creó.",
    onlySignsIn: "Con ella entras. No puede abrir el diario, así que después se pide tu frase de acceso.",
    copied: "Puede que alguien tenga una copia de tu llave de acceso",
    copiedWhat:
      "Dos dispositivos la han usado como si cada uno fuera el único. Desde ahora se rechaza, y se ha cerrado la sesión de los dispositivos que entraron con ella. Quítala y crea una nueva.",
    rename: "Cambiar el nombre",
    name: "Nombre",
    nameHint: "Para que sepas qué dispositivo es.",
    save: "Guardar",
    remove: "Quitar",
    removeTitle: (name: string) => `¿Quitar «${name}»?`,
    removeWhat:
      "Aquí ya no abre nada, en ninguno de tus dispositivos. Se cierra la sesión de los que entraron con ella; este sigue con sesión. Bórrala también de la lista de llaves del dispositivo.",
    removeLast:
      "Entonces solo tu clave de recuperación abre tu diario. Pon antes una frase de acceso si no tienes la clave a mano.",
    removed: "Quitada.",
    add: "Añadir una llave de acceso",
    addHere: "Se crea en este dispositivo, o en otro que él te ofrezca.",
    continue: "Continuar",
    make: "Crear la llave de acceso",
    making: "Sigue a tu dispositivo",
    onceMore: "Un toque más",
    onceMoreWhat:
      "Ya está creada. Tu dispositivo tiene que usarla una vez para que pueda abrir tu diario. Te pide otra vez la cara, el dedo o el código.",
    touch: "Usarla una vez",
    cannotOpen: "Esta llave de acceso no puede abrir tu diario",
    cannotOpenWhat:
      "Tu dispositivo o tu navegador aún no pueden hacerlo. Con ella entras sin escribir tu correo; después, tu frase de acceso abre el diario.",
    keepAnyway: "Guardarla para entrar",
    added: "Añadida. Puedes usarla desde ahora.",
    notHere: "Este navegador no tiene llaves de acceso en esta dirección.",
    chooseTitle: "Cómo entras",
    choosePassphrase: "Elegir una frase de acceso",
    choosePasskey: "Usar una llave de acceso",
    nowPassphrase: "Ahora una frase de acceso",
    nowPassphraseWhat:
      "La llave de este dispositivo te deja entrar, pero no puede abrir tu diario. Una frase de acceso sí: elige una para eso.",
    halfway: (email: string) => `Has entrado como ${email}.`,
    halfwayWhat: "Esta llave de acceso no puede abrir tu diario. Tu frase de acceso o tu clave de recuperación, sí.",
    open: "Abrir mi diario",
    reasons: {
      "passkey-cancelled":
        "No se usó ninguna llave de acceso. Si lo paraste o tardó demasiado, inténtalo de nuevo. Si este dispositivo no tiene ninguna para Aftertide, sigue de otra manera.",
      "passkey-taken": "Este dispositivo ya tiene una llave de acceso para tu cuenta.",
      "passkey-unable":
        "Este dispositivo no puede hacerlo con una llave de acceso. Necesita un bloqueo de pantalla: un código, un dedo o una cara. O usa tu frase de acceso.",
      "passkey-site":
        "Las llaves de acceso no funcionan en esta dirección. Abre Aftertide en la dirección que te dio tu consulta.",
      "wrong-passkey": "Ninguna cuenta de aquí tiene esta llave de acceso. Quizá se quitó. Entra de otra manera.",
      "passkey-copied":
        "Puede que alguien tenga una copia de esta llave de acceso, así que se rechaza. Entra con tu frase de acceso o tu clave, y quítala en Tú, Llaves de acceso.",
      "passkey-opens-nothing":
        "Esta llave de acceso no abre tu diario. Usa tu frase de acceso o tu clave de recuperación.",
      "challenge-over": "Han pasado más de cinco minutos. Empieza de nuevo.",
      "too-many-passkeys": "Tienes 20 llaves de acceso, todas las que puede haber. Quita antes una.",
      "last-slot": "Nada más abriría tu diario. Pon antes una frase de acceso o crea una clave de recuperación.",
    },
  },
} as const;
