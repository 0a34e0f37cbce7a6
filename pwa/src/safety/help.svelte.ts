/** Whether Help lies over the screen. Opening it leaves everything beneath as it is. */

class Help {
  open = $state(false);
}

export const help = new Help();
