"""The outside world behind contracts (`api`): HTTP, embedding models, encryption. One folder or file each."""
