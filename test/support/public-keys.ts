/** Public keys of every type that servers take; nobody has their private halves. */
export const publicKeys = {
  ed25519: 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPhnhfBlg2alJsi9PoDZmO/XwydhHyv/KrfXQ5U4bZw6 me@example',
  rsa: 'ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQC/9s7TJhXtekkfMUWyo2dsWXMe5kHOYNfEMiHAcVOFiEmIapj6Ab0hZXxCqKvNE0on9FJ8zueWA4kG9w5DDC0Be+G2NgjUL/S++1B86t+gQJWPD8QCnYWgiYmRXQ8PxfVClRgjHi3t8mr/2QD0KB6CV01VN0n27QdhslDe8VVBcjUPOc2IYxEk2wJcI+8CPdYy4u1Uvv15Rl4rUvbMewuiswzvm63NlBwBuNX5Q1neEiPmA92X+MXrhx3/l6lpVCMoPgQHM9dxv3/FFIeGTc6z655z1Pppl3DnYrAPEJeIZm0Q1bebohyTEnGXKAiBXjGS8S2hJtqoN0RLy7JhpQC7 r s a',
  ecdsa256:
    'ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBPrxB0q/RGoTO5fA8pZCqrbf1h8bSobQQMc+x6VR4x5en+tYp2K7ehD4JFAnDZ6uFn2PofFl1AY4X2Vylynyiy0= root@vm',
  ecdsa384:
    'ecdsa-sha2-nistp384 AAAAE2VjZHNhLXNoYTItbmlzdHAzODQAAAAIbmlzdHAzODQAAABhBEo3GXKMH6vFMO4TrLqWuLJLjAmuYVtu3iVQBFGNRJx1sDwknpl7J4KiVJuhbvESWf0cGKbxCis1vkwHmBGC92pgsMnZSfuJj3NRd9Wem58uUjXH04vZP+Mbfl21w8yb1w== root@vm',
  ecdsa521:
    'ecdsa-sha2-nistp521 AAAAE2VjZHNhLXNoYTItbmlzdHA1MjEAAAAIbmlzdHA1MjEAAACFBADOpcWPkZlqpnvCr4nHGx00tDTW9yTRs7mPOD5uQDfO7oR9GYZk4acqhC30dWfKbhsHlGfSd7ZIhAvJOFDxTAUDawCcpASfdyA1V0O7Ya0yVs2bFs0BK171m+7x95PjlnAlAs/UDyQeW6JrHP6cZAhVXVlJNQ+qRJmLKIRbPKNGFpaCkg== root@vm',
  skEd25519:
    'sk-ssh-ed25519@openssh.com AAAAGnNrLXNzaC1lZDI1NTE5QG9wZW5zc2guY29tAAAAIPhnhfBlg2alJsi9PoDZmO/XwydhHyv/KrfXQ5U4bZw6AAAABHNzaDo= x',
  skEcdsa:
    'sk-ecdsa-sha2-nistp256@openssh.com AAAAInNrLWVjZHNhLXNoYTItbmlzdHAyNTZAb3BlbnNzaC5jb20AAAAIbmlzdHAyNTYAAABBBPrxB0q/RGoTO5fA8pZCqrbf1h8bSobQQMc+x6VR4x5en+tYp2K7ehD4JFAnDZ6uFn2PofFl1AY4X2Vylynyiy0AAAAEc3NoOg== x',
} as const;
